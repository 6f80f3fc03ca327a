// The states of the pages under the names of the reference pictures, `name.width[.dark].png`, so that both can be laid
// side by side; each is examined as every page is.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { examine, listen } from './examine.mjs'
import { atRecord, behave, closedRecord, contextOf, ownPath, patientOf, search, sharedPatient, signIn } from './people.mjs'

const LOOKS = [
  { language: 'zh-CN', width: 1440, scheme: 'light', suffix: '1440' },
  { language: 'zh-CN', width: 390, scheme: 'light', suffix: '390' },
  { language: 'zh-CN', width: 1440, scheme: 'dark', suffix: '1440.dark' },
  { language: 'zh-CN', width: 390, scheme: 'dark', suffix: '390.dark' },
  { language: 'en', width: 1440, scheme: 'light', suffix: 'en.1440' },
  { language: 'en', width: 390, scheme: 'light', suffix: 'en.390' },
]

// Says what is wrong with what is open, and takes a picture of it.
const keep = async (page, look, name, { shots, faults, complaints }) => {
  const problems = await examine(page, { language: look.language, complaints })
  const told = problems.filter((problem) => !/^status 5|status of 5/.test(problem)).map((problem) => `${name}: ${problem}`)
  const folder = told.length > 0 ? faults : shots
  if (!folder) return told
  // As high as the page, so that what stands at the window's foot stands at the page's.
  const { width, height } = page.viewportSize()
  const whole = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ width, height: Math.min(Math.max(height, whole), 8000) })
  await page.evaluate(() => scrollTo(0, 0))
  await page.screenshot({ path: join(folder, `${name}.${look.suffix}.png`), fullPage: true })
  await page.setViewportSize({ width, height })
  return told
}

// While somebody else has the database: what is to be written is not, so nothing is read either.
const withoutDatabase = async (demoFile, act) => {
  const lock = join(dirname(demoFile), 'portal.writer-lock')
  const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise((resolve) => { holder.on('exit', resolve) })
  try {
    await new Promise((resolve, reject) => {
      holder.stdout.once('data', resolve)
      holder.once('exit', () => reject(new Error(`${lock} can't be held`)))
    })
    await act()
  } finally {
    holder.stdin.end()
    await ended
  }
}

const inside = async ({ page, look, demo, demoFile, ...rest }) => {
  const problems = []
  const take = async (name) => problems.push(...(await keep(page, look, name, rest)))
  const { url } = demo.internal
  await page.goto(`${url}/sign-in`)
  await take('login-internal')
  const patient = await atRecord(page, demo, 'demographics')
  await take('demographics')
  for (const [name, path] of [
    ['portal-home', '/'], ['patient-search.start', '/patients'], ['lab-results', `${patient}/lab-results`], ['error-404', '/no-such-page'],
    ['empty.filtered', `${patient}/lab-results?q=zzzz`], ['clinician-summary', `${patient}/summary`], ['outpatient', `${patient}/outpatient`],
  ]) {
    const answer = await page.goto(`${url}${path}`)
    if (answer.status() === 404 && name !== 'error-404') continue
    await take(name)
  }
  await page.goto(`${url}${patient}/lab-results`)
  const show = await page.locator('.mx tbody th a').first().getAttribute('href')
  await page.goto(`${url}${show}`)
  await take('lab-results.history')
  await search(page, url, sharedPatient(demo).name)
  await take('patient-search')
  await search(page, url, '查无此人')
  await take('patient-search.none')
  const silent = sharedPatient(demo).hospitals[1]
  try {
    await behave(demo, silent, 'down')
    await page.goto(`${url}${patient}/lab-results?refresh=true`)
    await take('partial')
    await page.goto(`${url}${patient}/demographics?refresh=true`)
    await take('partial.demographics')
    for (const hospital of sharedPatient(demo).hospitals) await behave(demo, hospital, 'down')
    await page.goto(`${url}${patient}/lab-results?refresh=true`)
    await take('empty')
  } finally {
    for (const hospital of sharedPatient(demo).hospitals) await behave(demo, hospital, 'ok')
  }
  if (!(await closedRecord(page, demo))) throw new Error('every record is open')
  await take('break-glass')
  await withoutDatabase(demoFile, async () => {
    const answer = await page.goto(`${url}${patient}/lab-results`)
    if (answer.status() !== 503) problems.push(`without a database: status ${answer.status()}`)
    await take('error-503')
  })
  // A page that could not ask who is there has no way out on it.
  await page.goto(`${url}/patients`)
  await page.evaluate(() => { for (const field of document.querySelectorAll('form [name="csrf_token"]')) field.value = 'old' })
  await page.locator('form[action="/sign-out"] button').first().click()
  await page.waitForLoadState('load')
  await take('error-403')
  return problems
}

const outside = async ({ page, look, demo, demoFile, ...rest }) => {
  const problems = []
  const take = async (name) => problems.push(...(await keep(page, look, name, rest)))
  const { url } = demo.external
  await page.goto(`${url}/sign-in`)
  await take('login-external')
  await page.locator('button[type="submit"]').click({ noWaitAfter: true }).catch(() => {})
  await signIn(page, url, patientOf(demo))
  await take('patient-home')
  const own = await ownPath(page, demo)
  const record = `${own}/record`
  for (const [name, path] of [
    ['record', record], ['demographics-patient', `${record}/demographics`], ['results', `${record}/lab-results`],
    ['empty-patient', `${record}/lab-results?q=zzzz`], ['error-404-patient', '/no-such-page'],
  ]) {
    await page.goto(`${url}${path}`)
    await take(name)
  }
  await page.goto(`${url}${record}/lab-results`)
  await page.locator('.result h3 a').first().click()
  await page.waitForLoadState('load')
  await take('result-detail')
  const silent = sharedPatient(demo).hospitals[1]
  try {
    await behave(demo, silent, 'down')
    await page.goto(`${url}${record}/lab-results?refresh=true`)
    await take('partial-patient')
  } finally {
    await behave(demo, silent, 'ok')
  }
  await withoutDatabase(demoFile, async () => {
    const answer = await page.goto(`${url}${record}/lab-results`)
    if (answer.status() !== 503) problems.push(`without a database: status ${answer.status()}`)
    await take('error-503-patient')
  })
  return problems
}

export const states = ({ check, all }) =>
  (all ? LOOKS : LOOKS.slice(0, 2)).flatMap((look) => [['internal', inside], ['external', outside]].map(([portal, tour]) =>
    ({ browser, demo, ...lane }) => check(`states ${portal} ${look.suffix}`, async () => {
      const context = await contextOf(browser, look)
      try {
        const page = await context.newPage()
        const complaints = await listen(page, new URL(demo[portal].url).origin)
        return await tour({ ...lane, page, look, demo, complaints })
      } finally {
        await context.close()
      }
    })))
