// What people come for, from the door to the answer. Scripts are off: no page may need them.
import { clinicianOf, contextOf, patientOf, search, sharedPatient, signIn } from './people.mjs'

const visitorOf = async (browser) => {
  const context = await contextOf(browser, { language: 'en', width: 1440, javaScript: false })
  return { context, page: await context.newPage() }
}

// Tells the sandbox how a hospital shall behave.
const behave = async (demo, hospital, mode) => {
  const answer = await fetch(`${demo.sandbox.control_url}/hospitals/${hospital}`, {
    method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ mode }),
  })
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${mode}`)
}

const openResults = async (page, demo) => {
  await signIn(page, demo.internal.url, clinicianOf(demo))
  const [patient] = await search(page, demo.internal.url, sharedPatient(demo).name)
  if (!patient) throw new Error('the search found nobody')
  await page.goto(`${demo.internal.url}${patient}/lab-results`)
  return patient
}

const clinicianSeesBothHospitals = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
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

const deadHospitalIsNamed = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
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

const patientSeesOwnAlone = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
  try {
    await signIn(page, demo.external.url, patientOf(demo))
    await page.goto(`${demo.external.url}/`)
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

const wrongPasswordStaysOutside = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
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

export const journeys = [
  ['a clinician sees the results of both hospitals', clinicianSeesBothHospitals],
  ['a hospital that is down is named and the rest is there', deadHospitalIsNamed],
  ['a patient sees the own results and nobody else’s', patientSeesOwnAlone],
  ['a wrong password stays outside', wrongPasswordStaysOutside],
]
