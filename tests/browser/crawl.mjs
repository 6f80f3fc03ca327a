// Every page that can be reached by links, once each by its shape: /patients/7/lab-results is /patients/{id}/lab-results.
import { join } from 'node:path'
import { examine, listen } from './examine.mjs'
import { administratorOf, clinicianOf, contextOf, patientOf, search, sharedPatient, signIn } from './people.mjs'

const MOST_PAGES = 80

// Pages that are looked at in the dark too, by shape.
const CHIEF = [/^\/$/, /^\/sign-in$/, /^\/patients\/\{id\}\/lab-results/, /^\/people\/\{id\}\/record\/lab-results/, /^\/patients\?/, /\/search\?search$/, /^\/admin\/[a-z-]+$/]

const shapeOf = (href) => {
  const url = new URL(href, 'http://portal')
  const origin = url.pathname.replace(/\/[a-z-]+\/origins\/[^/]+\/[^/]+\/[^/]+/, '/{section}/origins/{origin}')
  const path = origin.replace(/\/(?=[^/]*\d)[0-9a-zA-Z-]{6,}(?=\/|$)/g, '/{id}')
    .replace(/(\/reviews\/[^/]+)\/[^/]+/, '$1/{item}')
    .replace(/^\/booking\/hospitals\/[^/]+$/, '/booking/hospitals/{hospital}')
    .replace(/^\/booking\/hospitals\/[^/]+\/[^/]+/, '/booking/hospitals/{hospital}/{department}')
  const keys = [...url.searchParams.keys()].filter((key) => key !== 'lang' && key !== 'theme').sort()
  return keys.length === 0 ? path : `${path}?${[...new Set(keys)].join('&')}`
}

// A walk for each of them in each mode.
export const crawl = ({ modes, check }) =>
  WALKS.flatMap(([who, portal, enter, within]) => modes.map((mode) => async ({ browser, ...lane }) => {
    const name = `${who} ${mode.language} ${mode.width} ${mode.scheme}`
    const context = await contextOf(browser, mode)
    try {
      await walk({ ...lane, context, portal, enter, within, mode, check, name })
    } catch (error) {
      await check(name, () => [error.message])
    } finally {
      await context.close()
    }
  }))

const walk = async ({ context, portal, enter, within, mode, demo, check, shots, faults, name }) => {
  const { url } = demo[portal]
  const origin = new URL(url).origin
  const page = await context.newPage()
  const complaints = await listen(page, origin)
  const visited = new Set()
  const visit = async (path, expected = [200]) => {
    const shape = shapeOf(path)
    if (visited.has(shape) || visited.size >= MOST_PAGES) return
    visited.add(shape)
    if (mode.chiefOnly && !CHIEF.some((pattern) => pattern.test(shape))) return
    await check(`${name} ${shape}`, async () => {
      if (isDocument(shape)) {
        const file = fileOf(await page.context().request.get(url + path))
        if (file) return file
      }
      const answer = await page.goto(url + path)
      const problems = expected.includes(answer.status()) ? [] : [`status ${answer.status()}`]
      problems.push(...(await examine(page, { language: mode.language, complaints })))
      const folder = problems.length > 0 ? faults : shots
      const file = `${name} ${shape}`.replace(/[^\w-]+/g, '_').replace(/_+$/, '')
      if (folder) await page.screenshot({ path: join(folder, `${file}.png`), fullPage: true })
      return problems
    })
  }
  await visit('/sign-in')
  const begin = await enter(page, demo)
  complaints.splice(0)
  const open = ['/', ...begin].filter((path) => within.test(path))
  await visit('/no-such-page', [404])
  if (portal === 'external') await visit('/connections/callback?state=of-no-flow', [400])
  // Links of shapes that are too many would come again and again.
  while (open.length > 0 && visited.size < MOST_PAGES) {
    const path = open.shift()
    if (visited.has(shapeOf(path))) continue
    await visit(path)
    if (new URL(page.url()).origin === origin) open.push(...(await linksOf(page)).filter((path) => within.test(path)))
  }
}

const isDocument = (shape) => shape.includes('/documents/')

// What is wrong with a hospital's file, which the browser's own viewer would show: there is no page to examine, only what it
// may do. Nothing for a page.
const fileOf = (answer) => {
  const headers = answer.headers()
  if (headers['content-type']?.startsWith('text/html')) return undefined
  const problems = answer.status() === 200 ? [] : [`status ${answer.status()}`]
  if (headers['x-content-type-options'] !== 'nosniff') problems.push('a file without nosniff')
  if (!headers['content-security-policy']?.startsWith('sandbox')) problems.push('a file without a sandbox')
  return problems
}

// Links of the page to pages of the portal; a link that leaves the session or fetches a file is none.
const linksOf = async (page) => {
  const links = await page.locator('a[href]').evaluateAll((all) =>
    all.filter((a) => a.origin === location.origin && !a.hasAttribute('download')).map((a) => a.pathname + a.search))
  // The switches change every page after them.
  return links.filter((path) => !/[?&](theme|lang)=/.test(path) && !/^\/(api|static|assets|sign-out)|\.(json|csv|pdf|xlsx)$/.test(path.split('?')[0]))
}

const enterInternal = async (page, demo) => {
  await signIn(page, demo.internal.url, clinicianOf(demo))
  const found = await search(page, demo.internal.url, sharedPatient(demo).name)
  const results = new URL(page.url())
  if (found.length === 0) throw new Error(`the search for ${sharedPatient(demo).name} found nobody`)
  const patient = found[0].match(/^\/patients\/[^/]+/)[0]
  const inRecord = await searchRecord(page, `${demo.internal.url}${patient}/search`)
  return [results.pathname + results.search, '/search', '/messages', '/launch', '/pages/p-home-clinician/items/mine', `${patient}/search`, inRecord, ...found.slice(0, 1).flatMap((path) => [path, `${path}/demographics`, `${path}/lab-results`])]
}

const enterAdministration = async (page, demo) => {
  await signIn(page, demo.internal.url, administratorOf(demo))
  return ['/admin/index', '/admin/data-quality', '/admin/sources', '/admin/sources/new', '/admin/sources/keys', '/admin/sources/city-first', '/admin/flows', '/admin/flows?window=30d&source=&outcome=failed', '/admin/flows?trace=nobody', '/admin/jobs', '/admin/jobs?kind=jobs-tidy&state=waiting', '/admin/pages', '/articles', '/admin/articles', '/admin/articles/new', '/admin/notices', '/admin/roles', '/admin/roles?object=page:home', '/admin/roles/change?what=grant&object=page:home&kind=staff-group&who=nurse&role=editor&effect=allow', '/admin/roles/explain?subject=g:nurse&object=page:home&act=edit', ...(await designed(page, demo))]
}

// A page in the designer, with something on it and something chosen.
const designed = async (page, demo) => {
  const { url } = demo.internal
  await page.goto(`${url}/admin/pages`)
  await page.locator('#title-zh').fill('医务工作台')
  await page.locator('#title-en').fill('Clinical desk')
  await page.locator('#slug').fill(`desk-${Date.now().toString(36)}`)
  await page.locator('#from').selectOption('preset:p-home-clinician')
  await page.locator('#create').click()
  await page.waitForURL(/\/admin\/pages\/p-/)
  const { pathname } = new URL(page.url())
  return [pathname, `${pathname}/preview`, `${pathname}/revisions`]
}

const enterExternal = async (page, demo) => {
  await signIn(page, demo.external.url, patientOf(demo))
  const record = await page.locator('a[href$="/record"]').first().getAttribute('href')
  return ['/articles', '/messages', '/connections', `${record}/search`, await searchRecord(page, `${demo.external.url}${record}/search`)]
}

// The address of what a record says of a word that everybody's has.
const searchRecord = async (page, address) => {
  await page.goto(address)
  await page.locator('#find').fill('医院')
  await page.locator('#main form.find button').click()
  await page.waitForURL(/search\?search=/)
  const found = new URL(page.url())
  return found.pathname + found.search
}

// Name, portal, way in, and which of its pages: an administrator looks at what a clinician has not.
const WALKS = [
  ['internal', 'internal', enterInternal, /^/],
  ['internal administration', 'internal', enterAdministration, /^\/admin\//],
  ['external', 'external', enterExternal, /^/],
]
