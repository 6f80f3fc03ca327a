// What people come for, from the door to the answer. Every story is told twice, with scripts and without: no page may
// need them.
import { atHome, behave, clinicianOf, contextOf, openRecord, patientOf, search, sharedPatient, signIn } from './people.mjs'

const visitorOf = async (browser, javaScript) => {
  const context = await contextOf(browser, { language: 'en', width: 1440, javaScript })
  return { context, page: await context.newPage() }
}

const openResults = async (page, demo) => {
  await signIn(page, demo.internal.url, clinicianOf(demo))
  const [patient] = await search(page, demo.internal.url, sharedPatient(demo).name)
  if (!patient) throw new Error('the search found nobody')
  await openRecord(page, demo, `${patient}/lab-results`)
  return patient
}

const clinicianSeesBothHospitals = async ({ browser, demo, javaScript }) => {
  const { context, page } = await visitorOf(browser, javaScript)
  try {
    await openResults(page, demo)
    const problems = []
    const text = await page.locator('main').innerText()
    const rows = await page.locator('main table tbody tr').count()
    if (rows < 3) problems.push(`the matrix has ${rows} rows`)
    const answer = await page.request.get(page.url().replace('/patients/', '/api/v1/patients/').replace('/lab-results', '/record/lab-results'))
    const record = await answer.json()
    const origins = new Set(record.items.flatMap((item) => item.origins.map((origin) => origin.source)))
    if (origins.size < 2) problems.push(`results come from ${[...origins].join(', ') || 'nowhere'}`)
    if (record.complete !== true) problems.push(`complete is ${record.complete}`)
    if (text.trim() === '') problems.push('the page is empty')
    return problems
  } finally {
    await context.close()
  }
}

const deadHospitalIsNamed = async ({ browser, demo, javaScript }) => {
  const { context, page } = await visitorOf(browser, javaScript)
  const hospital = sharedPatient(demo).hospitals[1]
  try {
    const patient = await openResults(page, demo)
    await behave(demo, hospital, 'down')
    const problems = []
    const answer = await page.goto(`${demo.internal.url}${patient}/lab-results?refresh=true`)
    if (answer.status() !== 200) problems.push(`status ${answer.status()}`)
    const rows = await page.locator('main table tbody tr').count()
    if (rows === 0) problems.push('the other hospital’s results are gone too')
    const api = await page.request.get(`${demo.internal.url}/api/v1${patient}/record/lab-results?refresh=true`)
    const record = await api.json()
    if (record.complete !== false) problems.push(`complete is ${record.complete}`)
    const states = Object.fromEntries(record.sources.map((source) => [source.id, source.state]))
    if (!(hospital in states) || states[hospital] === 'answered') problems.push(`${hospital} is said to be ${states[hospital]}`)
    return problems
  } finally {
    await behave(demo, hospital, 'ok')
    await context.close()
  }
}

const patientSeesOwnAlone = async ({ browser, demo, javaScript }) => {
  const { context, page } = await visitorOf(browser, javaScript)
  try {
    await signIn(page, demo.external.url, patientOf(demo))
    await atHome(page, demo.external.url)
    const own = await page.locator('a[href^="/people/"]').first().getAttribute('href')
    const person = /^\/people\/[^/?#]+/.exec(own)[0]
    const problems = []
    const results = await page.goto(`${demo.external.url}${person}/record/lab-results`)
    if (results.status() !== 200) problems.push(`own results: status ${results.status()}`)
    const stranger = person.replace(/[0-9a-f]{4}$/, (end) => (end === '0000' ? '1111' : '0000'))
    const other = await page.goto(`${demo.external.url}${stranger}/record/lab-results`)
    if (other.status() !== 404) problems.push(`a stranger's results: status ${other.status()}`)
    return problems
  } finally {
    await context.close()
  }
}

const wrongPasswordStaysOutside = async ({ browser, demo, javaScript }) => {
  const { context, page } = await visitorOf(browser, javaScript)
  try {
    const problems = []
    for (const portal of ['internal', 'external']) {
      const stranger = { username: 'nobody.here', password: 'not the password' }
      const refused = await signIn(page, demo[portal].url, stranger).then(() => false, () => true)
      if (!refused) problems.push(`${portal}: signed in`)
      const answer = await page.goto(`${demo[portal].url}/`)
      if (answer.status() >= 500) problems.push(`${portal}: status ${answer.status()}`)
    }
    return problems
  } finally {
    await context.close()
  }
}

// From the desk to one analyte's history, by what is on the pages alone.
const clinicianReadsOn = async ({ browser, demo, javaScript }) => {
  const { context, page } = await visitorOf(browser, javaScript)
  try {
    const patient = await openResults(page, demo)
    const problems = []
    await page.locator(`.side a[href="${patient}/demographics"]`).click()
    await page.waitForURL(`**${patient}/demographics`)
    await page.locator('main h1', { hasText: 'Particulars' }).waitFor()
    await page.locator(`.side a[href="${patient}/lab-results"]`).click()
    await page.waitForURL(`**${patient}/lab-results`)
    const analyte = page.locator('.mx tbody th a').first()
    const name = (await analyte.innerText()).trim()
    await analyte.click()
    await page.waitForURL(/show=/)
    const history = await page.locator('#history').innerText()
    if (!history.includes(name)) problems.push(`the history is not of ${name}`)
    await page.goto(`${demo.internal.url}${patient}/lab-results`)
    await page.locator('select[name="panel"]').selectOption({ index: 1 })
    await page.locator('#f-apply').click()
    await page.waitForURL(/panel=\w/)
    await page.locator('.filters a.btn').waitFor()
    const groups = await page.locator('.mx .grp').count()
    if (groups !== 1) problems.push(`${groups} panels after choosing one`)
    await page.reload()
    if ((await page.locator('.mx .grp').count()) !== 1) problems.push('the URL does not restore the view')
    await page.locator('.filters a.btn').click()
    await page.waitForURL(`**${patient}/lab-results`)
    if ((await page.locator('.mx .grp').count()) < 2) problems.push('one control does not clear the filters')
    return problems
  } finally {
    await context.close()
  }
}

// From the first page to one result in plain words, and back.
const patientReadsOn = async ({ browser, demo, javaScript }) => {
  const { context, page } = await visitorOf(browser, javaScript)
  try {
    const problems = []
    await signIn(page, demo.external.url, patientOf(demo))
    await page.locator('main a[href$="/record/lab-results"]').first().click()
    await page.waitForURL(/lab-results/)
    const result = page.locator('.result').first()
    const name = (await result.locator('h3').innerText()).trim()
    const sentence = (await result.locator('p').allInnerTexts()).join(' ')
    if (!/[.。]/.test(sentence)) problems.push('the result has no sentence')
    if (!/[Rr]eviewed|marked this result as seen/.test(sentence)) problems.push('the result does not say whether a doctor has looked at it')
    await result.locator('h3 a').click()
    await page.waitForURL(/show=/)
    if ((await page.locator('h1').innerText()).trim() !== name) problems.push('the page is of another result')
    await page.locator('a.back').click()
    await page.waitForURL((url) => !url.search.includes('show'))
    const all = await page.locator('.result').count()
    await page.locator('form:has(#f-apply) input[name="q"]').fill(name)
    await page.locator('#f-apply').click()
    await page.waitForURL(/q=/)
    await page.locator('.result h3', { hasText: name }).first().waitFor()
    if (all > 1 && (await page.locator('.result').count()) >= all) problems.push('looking for one leaves all')
    return problems
  } finally {
    await context.close()
  }
}

// Looked at, marked, marked again, taken back; with scripts the page stays the one it was.
const resultIsMarkedInPlace = async ({ browser, demo, javaScript }) => {
  const { context, page } = await visitorOf(browser, javaScript)
  const problems = []
  try {
    await openResults(page, demo)
    await page.locator('.mx td a.vl').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/origins\//)
    await page.goBack()
    await page.locator('.mx tbody th a').first().click()
    await page.locator('#history a[href*="/reviews/"]').first().click()
    await page.locator('#review-submit').waitFor()
    const { pathname } = new URL(page.url())
    if (javaScript) await page.evaluate(() => { globalThis.stayed = true })
    const send = async (note) => {
      await page.locator('#note').evaluate((field, text) => { field.removeAttribute('maxlength'); field.value = text }, note)
      const answered = page.waitForResponse((answer) => answer.request().method() === 'POST')
      await page.locator('#review-submit').click()
      return (await answered).status()
    }
    const refused = await send('长'.repeat(5000))
    await page.locator('#error').waitFor()
    if (refused !== 422) problems.push(`a note that is too long: ${refused}`)
    const at = await page.evaluate(() => document.activeElement.id)
    if (javaScript && at !== 'error') problems.push(`the focus is at “${at}”, not at what is wrong`)
    for (const note of ['复查一次', '再复查一次']) {
      const status = await send(note)
      if (status !== 303) problems.push(`“${note}” was answered with ${status}`)
      // The one that stands: whoever told this story before has taken theirs back.
      await page.locator('li:has(form[action$="/withdraw"])', { hasText: note }).first().waitFor()
    }
    if (await page.locator('#error').count()) problems.push('the problem is still there')
    await page.locator('form[action$="/withdraw"] button').first().click()
    await page.locator('form[action$="/withdraw"]').nth(1).waitFor({ state: 'detached' })
    if (new URL(page.url()).pathname !== pathname) problems.push(`the address is ${new URL(page.url()).pathname}`)
    if (javaScript && !(await page.evaluate(() => globalThis.stayed))) problems.push('the page was left')
    return problems
  } finally {
    // Nothing of it stays for whoever comes next.
    const back = page.locator('form[action$="/withdraw"] button')
    for (let left = await back.count(); left > 0; left -= 1) {
      await back.first().click()
      await page.locator('form[action$="/withdraw"]').nth(left - 1).waitFor({ state: 'detached' })
    }
    await context.close()
  }
}

const stories = [
  ['a result is marked as reviewed where it stands', resultIsMarkedInPlace],
  ['a clinician sees the results of both hospitals', clinicianSeesBothHospitals],
  ['a clinician reads on, filters, and clears', clinicianReadsOn],
  ['a hospital that is down is named and the rest is there', deadHospitalIsNamed],
  ['a patient sees the own results and nobody else’s', patientSeesOwnAlone],
  ['a patient reads one result and finds another', patientReadsOn],
]

export const journeys = [
  ...[false, true].flatMap((javaScript) => stories.map(([name, story]) =>
    [`${name}, ${javaScript ? 'with' : 'without'} scripts`, (world) => story({ ...world, javaScript })])),
  ['a wrong password stays outside', (world) => wrongPasswordStaysOutside({ ...world, javaScript: false })],
]
