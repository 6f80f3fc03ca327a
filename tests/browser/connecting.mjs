// A patient connects a hospital outside the region, sees it, and gives it back: the demo's own, and that one once more as an
// administrator defines it in the browser, with other ways there and back.
import { administratorOf, contextOf, ownPath, patientOf, signIn } from './people.mjs'
import { examine, listen } from './examine.mjs'

// Takes the hospital's address from the demo; what is there of an earlier run stays as it is.
const define = async ({ browser, demo, id, mode, by }) => {
  const context = await contextOf(browser, { language: 'en', width: 1440 })
  const { url } = demo.internal
  try {
    const page = await context.newPage()
    await signIn(page, url, administratorOf(demo))
    if ((await page.request.get(`${url}/api/v1/sources/${id}`)).status() === 200) return
    await page.goto(`${url}/admin/sources/new`)
    const typed = { id, name_zh: `湖滨 ${mode}`, name_en: `Lakeside ${mode}`, base_url: demo.sandbox.people_door_url, client_id: 'regional-portal-patients', redirect_url: `${demo.external.url}/connections/callback` }
    for (const [name, value] of Object.entries(typed)) await page.locator(`#${name}`).fill(value)
    for (const [name, value] of Object.entries({ auth: 'smart-patient', response_mode: mode, authorize_by: by })) {
      await page.locator(`#${name}`).selectOption(value)
    }
    await page.locator('button[name="do"][value="save"]').click()
    await page.waitForURL(new RegExp(`/admin/sources/${id}`))
  } finally {
    await context.close()
  }
}

// Both portals read definitions by their version, about once a second.
const offeredAs = async (page, url, id) => {
  const offer = page.locator(`main a[href="/connections/new/${id}"]`)
  for (let tries = 0; tries < 60 && (await offer.count()) === 0; tries += 1) {
    await page.waitForTimeout(250)
    await page.goto(`${url}/connections`)
  }
  return offer
}

const otherWay = async ({ browser, demo, mode, by, javaScript }) => {
  const id = `lakeside-${mode}`
  await define({ browser, demo, id, mode, by })
  const context = await contextOf(browser, { language: 'en', width: 390, javaScript })
  const page = await context.newPage()
  const { url } = demo.external
  const problems = []
  try {
    // Nothing good for a token stands in an address of the portal, nor in what the browser says where it comes from.
    page.on('request', (request) => {
      if (request.url().startsWith(url) && /[?&](code|state)=/.test(request.url())) problems.push(`${request.url()} tells the answer`)
    })
    await signIn(page, url, patientOf(demo))
    await page.goto(`${url}/connections`)
    const offer = await offeredAs(page, url, id)
    if ((await offer.count()) === 0) return [`${id} is not offered`]
    await offer.click()
    await page.locator('main form[action^="/connections/new/"] button').click()
    if (!javaScript) await page.locator('#depart button').click()
    await page.locator('button[name="decision"][value="allow"]').click()
    if (!javaScript) await page.locator('#back button').click()
    await page.waitForURL(/\/connections\?done=/)
    if (javaScript) problems.push(...(await examine(page, { language: 'en', complaints: [] })))
    await page.locator(`main li:has(form[action="/connections/new/${id}"]) a[href$="/disconnect"]`).click()
    await page.locator('main form[action$="/disconnect"] button').click()
    await page.waitForURL(/\/connections\?ended=/)
    return problems
  } finally {
    await context.close()
  }
}

const connects = async ({ browser, demo, javaScript }) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 390, javaScript })
  const page = await context.newPage()
  const { url } = demo.external
  try {
    const complaints = await listen(page, new URL(url).origin)
    await signIn(page, url, patientOf(demo))
    const own = await ownPath(page, demo)
    const problems = []
    await page.goto(`${url}/connections`)
    const offer = page.locator('main a[href^="/connections/new/"]').first()
    if ((await offer.count()) === 0) return ['no hospital is offered']
    const source = (await offer.getAttribute('href')).split('/').pop()
    await offer.click()
    await page.locator('main form[action^="/connections/new/"] button').click()
    // Their own page, of another origin: the one that is meant.
    const allow = page.locator('button[name="decision"][value="allow"]')
    await allow.waitFor()
    const hospital = new URL(page.url()).origin
    await allow.click()
    await page.waitForURL(/\/connections\?done=/)
    const meant = `request to another origin: ${hospital}`
    complaints.splice(0, complaints.length, ...complaints.filter((complaint) => complaint !== meant))
    const record = await (await page.request.get(`${url}/api/v1${own}/record/lab-results`)).json()
    const state = record.sources.find(({ id }) => id === source)?.state
    if (state !== 'answered') problems.push(`${source} is ${state} beside the rest`)
    if (javaScript) problems.push(...(await examine(page, { language: 'zh-CN', complaints })))
    await page.locator(`main li:has(form[action="/connections/new/${source}"]) a[href$="/disconnect"]`).click()
    if (javaScript) problems.push(...(await examine(page, { language: 'zh-CN', complaints })))
    await page.locator('main form[action$="/disconnect"] button').click()
    await page.waitForURL(/\/connections\?ended=/)
    const after = await (await page.request.get(`${url}/api/v1${own}/record/lab-results`)).json()
    if (after.sources.some(({ id }) => id === source)) problems.push(`${source} is still read`)
    return problems
  } finally {
    await context.close()
  }
}

const plain = [false, true].map((javaScript) =>
  [`a patient connects a hospital and gives it back, ${javaScript ? 'with' : 'without'} scripts`, (world) => connects({ ...world, javaScript })])

export const connecting = [
  ...plain,
  ['a patient connects a hospital whose page posts the answer, with scripts', (world) => otherWay({ ...world, mode: 'form-post', by: 'post', javaScript: true })],
  ['a patient connects a hospital whose page posts the answer, without scripts', (world) => otherWay({ ...world, mode: 'form-post', by: 'post', javaScript: false })],
  ['a patient connects a hospital that answers behind the address', (world) => otherWay({ ...world, mode: 'fragment', by: 'get', javaScript: true })],
]
