// A record without a treatment relation, from the refusal to the open record: who it is, why it is closed, a reason and
// the password once more, then an hour of this one record, for this one clinician. With scripts and without, in both languages.
import { clinicianOf, closedRecord, contextOf, sharedPatient, search, signIn } from './people.mjs'
import { examine, listen } from './examine.mjs'

const REASON = '21:10 由 120 送入抢救室，意识不清，需核对过敏史、用药和肾功能。'
const HOUR = 60 * 60_000

const WORDS = {
  'zh-CN': { title: '紧急调阅', refused: /没有诊疗关系/, error: /^错误：/, left: /还剩 (60|59) 分钟/ },
  en: { title: 'Emergency access', refused: /no treatment relation/, error: /^Error:/, left: /(60|59) minutes left/ },
}

// The page that stands where the record would.
const closed = async (page, look, problems, complaints) => {
  const { title, refused } = WORDS[look.language]
  const seen = await page.evaluate(() => ({
    heading: document.querySelector('h1').innerText.trim(), banner: document.querySelector('.pt').innerText,
    sections: document.querySelectorAll('.side a').length, form: document.querySelectorAll('form[action$="/break-glass"]').length,
  }))
  if (seen.heading !== title || seen.form !== 1) problems.push(`the page is ${seen.heading} with ${seen.form} forms`)
  if (!refused.test(seen.banner)) problems.push(`the banner does not say why: ${seen.banner}`)
  if (seen.sections > 0) problems.push('sections of the closed record are offered')
  problems.push(...(await whole(page, look, complaints)))
}

// What must hold on every page; axe needs scripts.
const whole = (page, look, complaints) => (look.javaScript ? examine(page, { language: look.language, complaints }) : complaints.splice(0))

// The notice of the time that is left, on every section.
const notice = async (page, look, patient, opened, problems) => {
  for (const slug of ['summary', 'demographics', 'outpatient', 'lab-results']) {
    const answer = await page.goto(`${page.portal}${patient}/${slug}`)
    if (answer.status() !== 200) problems.push(`${slug}: status ${answer.status()}`)
    const flag = page.locator('.pt .flag--glass')
    if ((await flag.count()) !== 1) {
      problems.push(`${slug} does not say that it closes`)
      continue
    }
    const text = await flag.innerText()
    if (!WORDS[look.language].left.test(text)) problems.push(`${slug}: ${text}`)
    const until = Date.parse(await flag.locator('time').getAttribute('datetime'))
    if (Math.abs(until - opened - HOUR) > 30_000) problems.push(`${slug}: closes ${Math.round((until - opened) / 1000)} s after it was opened`)
  }
}

const statusOf = async (page, path) => {
  const answer = await page.request.get(`${page.portal}/api/v1${path}/record/demographics`)
  return answer.status() === 403 ? `403 ${(await answer.json()).type}` : String(answer.status())
}

const breakTheGlass = (look) => async ({ browser, demo, shots }) => {
  const context = await contextOf(browser, look)
  const page = await context.newPage()
  const complaints = await listen(page, new URL(demo.internal.url).origin)
  const problems = []
  page.portal = demo.internal.url
  try {
    const clinician = clinicianOf(demo)
    await signIn(page, demo.internal.url, clinician)
    const form = await closedRecord(page, demo)
    if (!form) throw new Error('every record is open: no story to tell')
    const patient = form.replace('/break-glass', '')
    complaints.splice(0)
    // Wherever one comes in, the same page stands there.
    for (const path of [`${patient}/lab-results`, patient, form]) {
      const answer = await page.goto(`${demo.internal.url}${path}`)
      if (answer.status() !== 403) problems.push(`${path}: status ${answer.status()}`)
      await closed(page, look, problems, complaints)
    }
    if ((await statusOf(page, patient)) !== '403 /problems/break-glass-required') problems.push(`the API says ${await statusOf(page, patient)}`)

    const submit = page.locator('form[action$="/break-glass"] button[type="submit"]')
    await page.locator('form[action$="/break-glass"]').evaluate((element) => { element.noValidate = true })
    await page.locator('[name="reason"]').fill('急')
    await Promise.all([page.waitForNavigation(), submit.click()])
    if (!WORDS[look.language].error.test(await page.title())) problems.push(`with little said the title is ${await page.title()}`)
    for (const field of ['grounds-emergency', 'reason', 'password']) {
      if ((await page.locator(`[role="alert"] a[href="#${field}"]`).count()) !== 1) problems.push(`the summary does not lead to ${field}`)
    }
    await closed(page, look, problems, complaints)
    if (look.javaScript && shots) await page.screenshot({ path: `${shots}/break-glass.problems.${look.language}.${look.width}.png`, fullPage: true })

    await page.locator('input[name="grounds"]').first().check()
    await page.locator('[name="reason"]').fill(REASON)
    await page.locator('[name="password"]').fill(clinician.password)
    const opened = Date.now()
    await Promise.all([page.waitForURL(`**${patient}/summary`), submit.click()])
    problems.push(...(await whole(page, look, complaints)))
    if (look.javaScript && shots) await page.screenshot({ path: `${shots}/break-glass.open.${look.language}.${look.width}.png` })
    await notice(page, look, patient, opened, problems)
    if ((await statusOf(page, patient)) !== '200') problems.push('the API keeps it closed')
    // There is no glass to break any more.
    await page.goto(`${demo.internal.url}${form}`)
    if (new URL(page.url()).pathname !== `${patient}/summary`) problems.push(`the form leads to ${page.url()}`)
    await others({ browser, demo, look, page, patient, problems })
    return problems
  } finally {
    await context.close()
  }
}

// One patient alone, for one clinician alone; and whom one treats has no such notice.
const others = async ({ browser, demo, look, page, patient, problems }) => {
  if (!(await closedRecord(page, demo))) problems.push('every other record is open too')
  const [treated] = await search(page, demo.internal.url, sharedPatient(demo).name)
  await page.goto(`${demo.internal.url}${treated}/demographics`)
  if ((await page.locator('.flag--glass').count()) !== 0) problems.push('whom the clinician treats is said to close')
  const colleague = demo.internal.accounts.find((account) => account.roles.includes('clinician') && account !== clinicianOf(demo))
  const context = await contextOf(browser, look)
  try {
    const theirs = await context.newPage()
    theirs.portal = demo.internal.url
    await signIn(theirs, demo.internal.url, colleague)
    if (!(await statusOf(theirs, patient)).startsWith('403')) problems.push('a colleague’s broken glass opens it')
  } finally {
    await context.close()
  }
}

export const glass = [
  { language: 'zh-CN', width: 390, javaScript: true },
  { language: 'en', width: 1440, javaScript: true },
  { language: 'zh-CN', width: 390, javaScript: false },
  { language: 'en', width: 1440, javaScript: false },
].map((look) => [
  `the glass is broken for an hour, ${look.language} at ${look.width}, ${look.javaScript ? 'with' : 'without'} scripts`, breakTheGlass(look),
])
