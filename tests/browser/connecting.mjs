// A patient connects a hospital outside the region, sees it, and gives it back. Nothing is told where the demo offers none.
import { contextOf, ownPath, patientOf, signIn } from './people.mjs'
import { examine, listen } from './examine.mjs'

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
    await page.locator('main a[href$="/disconnect"]').first().click()
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

export const connecting = [false, true].map((javaScript) =>
  [`a patient connects a hospital and gives it back, ${javaScript ? 'with' : 'without'} scripts`, (world) => connects({ ...world, javaScript })])
