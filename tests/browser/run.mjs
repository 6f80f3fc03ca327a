// Visits the portals as people do, in Chromium: every page that links lead to, in the languages, widths and colour
// schemes asked for, then the journeys. `cargo xtask test` and `cargo xtask shots` start the portals and this.
//
//   node run.mjs --demo DIR/demo.json --programs DIR --shots DIR [--modes usual|all] [--only WORDS]
//
// A page fails on: an accessibility violation (axe), a console error, a broken content security policy, a request to
// another origin, a dialog, a server error, sideways scrolling, a page language that was not asked for.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { crawl } from './crawl.mjs'
import { banner } from './banner.mjs'
import { forms } from './forms.mjs'
import { glass } from './glass.mjs'
import { hostile } from './hostile.mjs'
import { journeys } from './journeys.mjs'
import { keyboard } from './keyboard.mjs'
import { largeText } from './large.mjs'
import { print } from './print.mjs'
import { scripts } from './scripts.mjs'
import { states } from './states.mjs'
import { tabs } from './tabs.mjs'

const { values } = parseArgs({
  options: { demo: { type: 'string' }, programs: { type: 'string' }, shots: { type: 'string' }, modes: { type: 'string', default: 'usual' }, only: { type: 'string', default: '' } },
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

// Stories of other rooms, where they are there.
const others = existsSync(new URL('csrf.mjs', import.meta.url)) ? (await import('./csrf.mjs')).csrf ?? [] : []

const results = { passed: 0, failed: 0 }
const check = async (name, act) => {
  if (!name.includes(values.only)) return
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
  const all = values.modes === 'all'
  if (!values.only || /^(in|ex)ternal/.test(values.only)) await crawl({ browser, demo, modes: all ? ALL : USUAL, check, shots: values.shots })
  await states({ browser, demo, demoFile: values.demo, check, shots: values.shots, all })
  // The forms of the doors come last: wrong sign-ins are counted.
  for (const [name, story] of [...journeys, ...banner, ...scripts, ...print, ...largeText, ...keyboard, ...tabs, ...others, ...glass, ...hostile, ...forms]) {
    await check(`journey: ${name}`, () => story({ browser, demo, demoFile: values.demo, programs: values.programs, shots: values.shots }))
  }
} finally {
  await browser.close()
  rmSync(profile, { recursive: true, force: true })
}
console.log(`${results.passed} passed, ${results.failed} failed`)
process.exitCode = results.failed === 0 && results.passed > 0 ? 0 : 1
