// Visits the portals as people do, in Chromium: every page that links lead to, in the languages, widths and colour
// schemes asked for, then the journeys. `cargo xtask test` and `cargo xtask shots` start the portals and this.
//
//   node run.mjs --demo DIR/demo.json --shots DIR [--modes usual|all]
//
// A page fails on: an accessibility violation (axe), a console error, a broken content security policy, a request to
// another origin, a dialog, a server error, sideways scrolling, a page language that was not asked for.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { crawl } from './crawl.mjs'
import { journeys } from './journeys.mjs'

const { values } = parseArgs({
  options: { demo: { type: 'string' }, shots: { type: 'string' }, modes: { type: 'string', default: 'usual' } },
})
const demo = JSON.parse(readFileSync(values.demo, 'utf8'))
mkdirSync(values.shots, { recursive: true })

const NARROW = 390
const WIDE = 1440
const USUAL = [
  { language: 'zh-CN', width: NARROW, scheme: 'light' },
  { language: 'en', width: WIDE, scheme: 'light' },
  { language: 'zh-CN', width: WIDE, scheme: 'dark', chiefOnly: true },
]
const ALL = ['zh-CN', 'en'].flatMap((language) =>
  [NARROW, WIDE].flatMap((width) => ['light', 'dark'].map((scheme) => ({ language, width, scheme }))))

const results = { passed: 0, failed: 0 }
const check = async (name, act) => {
  try {
    const problems = (await act()) ?? []
    if (problems.length > 0) throw new Error(problems.join('\n    '))
    results.passed += 1
    console.log(`ok   ${name}`)
  } catch (error) {
    results.failed += 1
    console.log(`FAIL ${name}\n    ${error.message}`)
  }
}

const profile = mkdtempSync(join(tmpdir(), 'portal-browser-'))
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', `--disk-cache-dir=${profile}`,
  ],
})
try {
  const modes = values.modes === 'all' ? ALL : USUAL
  await crawl({ browser, demo, modes, check, shots: values.shots })
  for (const [name, journey] of journeys) {
    await check(`journey: ${name}`, () => journey({ browser, demo }))
  }
} finally {
  await browser.close()
  rmSync(profile, { recursive: true, force: true })
}
console.log(`${results.passed} passed, ${results.failed} failed`)
process.exitCode = results.failed === 0 && results.passed > 0 ? 0 : 1
