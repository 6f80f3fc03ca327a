// Visits the portals as people do, in Chromium: every page that links lead to, in the languages, widths and colour
// schemes asked for, then the journeys. `cargo xtask test` and `cargo xtask shots` start the portals and this.
//
//   node run.mjs --demo DIR/demo.json [--demo OTHER/demo.json] --programs DIR --shots DIR [--modes usual|all] [--only WORDS]
//
// With several demos there are as many lanes, each with its own browser, region and portals: what one does to a hospital, a
// database or a session disturbs nobody else. Pictures are kept of every page in all modes, and in the usual ones of what is
// wrong.
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
import { arrange } from './arrange.mjs'
import { connecting } from './connecting.mjs'
import { designer } from './designer.mjs'
import { designs } from './designs.mjs'
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
  options: { demo: { type: 'string', multiple: true }, programs: { type: 'string' }, shots: { type: 'string' }, modes: { type: 'string', default: 'usual' }, only: { type: 'string', default: '' } },
})
const all = values.modes === 'all'
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
  const begun = performance.now()
  const took = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`.padStart(7)
  try {
    const problems = (await act()) ?? []
    if (problems.length > 0) throw new Error(problems.join('\n    '))
    results.passed += 1
    console.log(`ok   ${took()}  ${name}`)
  } catch (error) {
    results.failed += 1
    console.log(`FAIL ${took()}  ${name}\n    ${error.message}`)
  }
}

const stories = (list) => list.map(([name, story]) => (lane) => check(`journey: ${name}`, () => story(lane)))
const crawls = !values.only || /^(in|ex)ternal/.test(values.only) ? crawl({ modes: all ? ALL : USUAL, check }) : []
const units = [
  ...crawls,
  ...states({ check, all }),
  ...stories([...hostile, ...journeys, ...connecting, ...banner, ...scripts, ...print, ...largeText, ...keyboard, ...tabs, ...others, ...designer, ...designs, ...arrange, ...glass]),
]
// The forms of the doors come last: wrong sign-ins are counted.
const doors = stories(forms)

// Takes from the list what comes next until there is nothing left.
const work = async (list, lane) => {
  for (let unit = list.shift(); unit; unit = list.shift()) await unit(lane)
}

const profile = mkdtempSync(join(tmpdir(), 'portal-browser-'))
const open = async (demoFile, nth) => ({
  demo: JSON.parse(readFileSync(demoFile, 'utf8')),
  demoFile,
  all,
  programs: values.programs,
  shots: all ? values.shots : undefined,
  faults: values.shots,
  browser: await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', `--disk-cache-dir=${join(profile, String(nth))}`,
    ],
  }),
})
const lanes = await Promise.all(values.demo.map(open))
try {
  for (const list of [units, doors]) await Promise.all(lanes.map((lane) => work(list, lane)))
} finally {
  await Promise.all(lanes.map((lane) => lane.browser.close()))
  rmSync(profile, { recursive: true, force: true })
}
console.log(`${results.passed} passed, ${results.failed} failed`)
process.exitCode = results.failed === 0 && results.passed > 0 ? 0 : 1
