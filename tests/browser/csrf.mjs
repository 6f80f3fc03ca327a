// Another origin in the same browser tries to act for whoever is signed in: every unsafe route of both portals, by every
// way that a page has of sending something elsewhere. Nothing may happen.
//
// Cookies ignore ports, so `localhost` on another port is another origin of the same site, to which the browser gives
// the session's cookie; `127.0.0.1` is another site.
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { clinicianOf, contextOf, openRecord, patientOf, search, sharedPatient, signIn } from './people.mjs'

const PATIENCE = 10_000
// Pages of hospitals post what a person brings back there: it does nothing in anybody’s name, whoever posts it.
const ARRIVALS = ['/connections/callback', '/connections/callback/:source']

// The unsafe routes a program says it has, e.g. `POST /sign-out`.
const unsafeRoutes = (portal) => {
  const program = fileURLToPath(new URL(`../../target/debug/portal-${portal}`, import.meta.url))
  const listed = execFileSync(program, ['--config', '/nowhere', 'routes'], { encoding: 'utf8' })
  const routes = listed.split('\n').map((line) => /^([A-Z]+) (\S+?);/.exec(line)).filter(Boolean)
  return routes.map(([, method, path]) => ({ method, path })).filter(({ method }) => !['GET', 'HEAD'].includes(method))
}

// What a route would take from its own page, so that nothing but the forgery is wrong with it.
const fieldsOf = (path, attacker, victim) => {
  if (path.endsWith('/sign-in') || path.endsWith('/session')) return { username: attacker.username, password: attacker.password }
  if (path.endsWith('/break-glass')) return { grounds: 'emergency', reason: '急诊抢救，需要核对既往检验结果和用药情况', password: victim.password }
  return { q: '陈' }
}

const evilOrigin = () =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><title>elsewhere</title><body></body>')
    })
    server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, close: () => server.close() }))
  })

// How a page of one origin can make a browser send something to another. Each runs in the page.
const techniques = {
  'form post': ({ url, fields }) => {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: url, target: 'hidden' })
    for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement('input'), { name, value }))
    document.body.append(Object.assign(document.createElement('iframe'), { name: 'hidden' }), form)
    form.submit()
  },
  // JSON in the disguise of a field: the body is `{"username":…,"x":"="}`.
  'form post of plain text': ({ url, fields }) => {
    const json = JSON.stringify({ ...fields, x: '' }).slice(0, -2)
    const form = Object.assign(document.createElement('form'), { method: 'post', action: url, target: 'plain', enctype: 'text/plain' })
    form.append(Object.assign(document.createElement('input'), { name: json, value: '"}' }))
    document.body.append(Object.assign(document.createElement('iframe'), { name: 'plain' }), form)
    form.submit()
  },
  'fetch without asking': ({ url, method, fields }) => {
    const simple = method === 'POST' ? method : 'POST'
    fetch(url, { method: simple, mode: 'no-cors', credentials: 'include', headers: { 'content-type': 'text/plain' }, body: JSON.stringify(fields) }).catch(() => {})
    fetch(url, { method: simple, mode: 'no-cors', credentials: 'include', body: new URLSearchParams(fields) }).catch(() => {})
  },
  'fetch of JSON': ({ url, method, fields }) => {
    fetch(url, { method, mode: 'cors', credentials: 'include', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) }).catch(() => {})
  },
  'form in a window of its own': ({ url, fields }) => {
    window.open('about:blank', 'popup')
    const form = Object.assign(document.createElement('form'), { method: 'post', action: url, target: 'popup' })
    for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement('input'), { name, value }))
    document.body.append(form)
    form.submit()
  },
  'image and link': ({ url }) => {
    document.body.append(Object.assign(document.createElement('img'), { src: url }))
    window.open(url, 'link')
  },
}

const tokens = (headers, name) => (headers[name] ?? '').split('; ').filter(Boolean)

// Every request to the portal, with what came of it.
const watch = (context, portal) => {
  const seen = []
  const note = async (request, status) => {
    if (!request.url().startsWith(portal)) return
    const headers = await request.allHeaders().catch(() => ({}))
    seen.push({ method: request.method(), url: request.url(), status, cookies: tokens(headers, 'cookie') })
  }
  context.on('requestfinished', async (request) => note(request, (await request.response().catch(() => null))?.status() ?? 0))
  context.on('requestfailed', async (request) => note(request, (await request.response().catch(() => null))?.status() ?? 0))
  return seen
}

const whoIs = async (context, url) => {
  const answer = await context.request.get(`${url}/api/v1/session`)
  return answer.status() === 200 ? (await answer.json()).user : null
}

// Tries everything from one origin; what should not have happened.
const attack = async ({ context, portal, url, evil, routes, person, attacker, victim, expectCookie }) => {
  const problems = []
  const before = JSON.stringify(await whoIs(context, url))
  const seen = watch(context, url)
  let carried = 0
  for (const { method, path } of routes) {
    const target = url + path.replace(/:person|\{id\}/, person)
    const page = await context.newPage()
    await page.goto(evil)
    for (const [name, technique] of Object.entries(techniques)) {
      const start = seen.length
      // A starved browser may drop a navigation.
      for (let tries = 0; seen.length === start && tries < 3; tries += 1) {
        await page.evaluate(technique, { url: target, method, fields: fieldsOf(path, attacker, victim) })
        const end = Date.now() + PATIENCE
        while (seen.length === start && Date.now() < end) await page.waitForTimeout(20)
      }
      const sent = seen.slice(start)
      if (sent.length === 0) problems.push(`${method} ${path}, ${name}: nothing was sent, so nothing is proven`)
    }
    // Whatever follows the first request of each.
    await page.waitForTimeout(200)
    const now = JSON.stringify(await whoIs(context, url))
    for (const other of context.pages()) await other.close()
    if (now !== before) return [...problems, `${method} ${path}: ${before} became ${now}`]
  }
  for (const one of seen) {
    carried += one.cookies.some((cookie) => cookie.startsWith(`portal-${portal}=`)) ? 1 : 0
    const reads = ['GET', 'HEAD', 'OPTIONS'].includes(one.method)
    const arrives = ARRIVALS.includes(new URL(one.url).pathname)
    if (!reads && !arrives && one.status !== 0 && one.status < 400) problems.push(`${one.method} ${one.url} from ${evil}: ${one.status}`)
  }
  if (expectCookie && carried === 0) problems.push(`no forged request from ${evil} carried the session, so nothing is proven`)
  return problems
}

const forge = (portal, signedIn) => async ({ browser, demo }) => {
  const url = demo[portal].url
  const accounts = demo[portal].accounts
  const victim = portal === 'internal' ? clinicianOf(demo) : patientOf(demo)
  const attacker = accounts.find((account) => account.username !== victim.username)
  const evil = await evilOrigin()
  const context = await contextOf(browser, { language: 'en', width: 1440 })
  try {
    const page = await context.newPage()
    let person = '00000000-0000-7000-8000-000000000000'
    if (signedIn) {
      await signIn(page, url, victim)
      if (portal === 'internal') {
        const [patient] = await search(page, url, sharedPatient(demo).name)
        await openRecord(page, demo, `${patient}/lab-results`)
        person = patient.replace('/patients/', '')
      }
    } else {
      await page.goto(`${url}/sign-in`)
    }
    const routes = unsafeRoutes(portal)
    if (routes.length < 4) return [`only ${routes.length} unsafe routes are listed`]
    const problems = []
    for (const host of ['localhost', '127.0.0.1']) {
      const from = `http://${host}:${evil.port}/`
      // Lax cookies go with a form of another site in no way; with one of another port of the same host they do.
      const expectCookie = signedIn && host === 'localhost'
      problems.push(...(await attack({ context, portal, url, evil: from, routes, person, attacker, victim, expectCookie })))
    }
    if (signedIn && problems.length === 0) {
      // The portal's own page can do what nobody else can.
      const own = await context.newPage()
      await own.goto(`${url}/`)
      await own.locator('form[action="/sign-out"]').first().evaluate((form) => form.requestSubmit())
      await own.waitForURL(/sign-in/)
      if (await whoIs(context, url)) problems.push('signing out from one’s own page does not work, so nothing is proven')
    }
    return problems
  } finally {
    await context.close()
    evil.close()
  }
}

// For run.mjs: name and story.
export const csrf = [
  ['another origin can do nothing for a signed-in clinician', forge('internal', true)],
  ['another origin can do nothing for a signed-in patient', forge('external', true)],
  ['another origin signs nobody in at the intranet portal', forge('internal', false)],
  ['another origin signs nobody in at the public portal', forge('external', false)],
]
