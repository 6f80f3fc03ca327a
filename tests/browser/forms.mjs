// Every form, filled in as nobody meant it: nothing breaks, nothing runs, everything typed is said back as typed.
import { atRecord, clinicianOf, closedRecord, contextOf, ownPath, patientOf, sharedPatient, signIn } from './people.mjs'
import { listen } from './examine.mjs'

const STRANGE = {
  empty: '',
  blank: '   ',
  'much too long': '很长'.repeat(4000),
  script: '<script>alert(1)</script>"><img src=x onerror=alert(2)>',
  template: '{{ 7 * 7 }} {% raw %} ${7*7}',
  quotes: "' OR '1'='1' -- \\",
  'right to left': '‮مرحبا‬ عربي אבג',
  emoji: '👩🏽‍⚕️🧑‍🧑‍🧒‍🧒🏳️‍🌈',
  'control characters': 'a\u0000b\u0007c\r\nSet-Cookie: x=1',
  'wide and combining': `${'Ｚ'.repeat(200)}${'a\u0301\u0302\u0303'.repeat(60)}`,
  number: '99999999999999999999999999',
}

// What the page must be after any of it.
const sound = async (page, answer, what, complaints, problems) => {
  const status = answer?.status() ?? 200
  if (status >= 500) problems.push(`${what}: status ${status}`)
  const seen = await page.evaluate(() => ({
    broken: globalThis.brokenPolicies ?? [],
    sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    title: document.title,
    added: document.querySelectorAll('main script, main img').length,
    computed: document.body.innerText.includes('49 '),
  }))
  if (seen.broken.length > 0) problems.push(`${what}: ${seen.broken.join(', ')}`)
  if (seen.sideways > 0) problems.push(`${what}: scrolls sideways by ${seen.sideways} px`)
  if (seen.added > 0) problems.push(`${what}: typed markup became elements`)
  if (seen.computed) problems.push(`${what}: a typed template was computed`)
  if (seen.title.trim() === '') problems.push(`${what}: no title`)
  problems.push(...complaints.splice(0).filter((one) => !/status of 4\d\d/.test(one)).map((one) => `${what}: ${one}`))
}

const visitorOf = async (browser, demo, portal, javaScript = true) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 390, javaScript })
  const page = await context.newPage()
  const complaints = await listen(page, new URL(demo[portal].url).origin)
  return { context, page, complaints }
}

// Fills in and sends a form, past what the browser itself would hold back (`required`, lengths).
const send = async (page, form, values) => {
  await form.evaluate((element) => { element.noValidate = true })
  for (const [name, value] of Object.entries(values)) {
    await form.locator(`[name="${name}"]`).first().evaluate((field, text) => { field.value = text }, value)
  }
  if (!(await form.evaluate((element) => element.hasAttribute('data-htmx-powered')))) {
    const [answer] = await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), form.evaluate((element) => element.requestSubmit())])
    return answer
  }
  // A redirect's second request does not always show the first one's headers.
  const first = (request) => (request.redirectedFrom() ? first(request.redirectedFrom()) : request)
  const answered = page.waitForResponse((response) => first(response.request()).headers()['hx-request'] !== undefined && (response.status() < 300 || response.status() >= 400))
  await form.evaluate((element) => {
    globalThis.swapped = new Promise((resolve) => { document.addEventListener('htmx:after:swap', () => resolve(true), { once: true }) })
    element.requestSubmit()
  })
  const answer = await answered
  await page.evaluate(() => globalThis.swapped)
  return answer
}

const searchBends = async ({ browser, demo }) => {
  const { context, page, complaints } = await visitorOf(browser, demo, 'internal')
  const problems = []
  try {
    await signIn(page, demo.internal.url, clinicianOf(demo))
    for (const [what, value] of Object.entries(STRANGE)) {
      await page.goto(`${demo.internal.url}/patients`)
      complaints.splice(0)
      const answer = await send(page, page.locator('main form[action="/patients"]'), { q: value })
      await page.locator('main').waitFor()
      await sound(page, answer, `search, ${what}`, complaints, problems)
      if (page.url().includes(encodeURIComponent(value).slice(0, 12)) && value.trim() !== '') problems.push(`search, ${what}: what was typed is in the URL`)
      if (answer.status() === 422 && !/^(错误：|Error:)/.test(await page.title())) problems.push(`search, ${what}: the title does not begin with the error: ${await page.title()}`)
      if (answer.status() === 422 && (await page.locator('[role="alert"] a[href="#q"]').count()) === 0) problems.push(`search, ${what}: no summary that leads to the field`)
    }
    // Sent twice at once: both end at a list, neither at an error.
    await page.goto(`${demo.internal.url}/patients`)
    const token = await page.locator('main form [name="csrf_token"]').inputValue()
    const twice = await Promise.all([1, 2].map(() => page.request.post(`${demo.internal.url}/patients`, {
      form: { csrf_token: token, q: sharedPatient(demo).name }, headers: { origin: new URL(demo.internal.url).origin, accept: 'text/html' },
    })))
    for (const answer of twice) if (answer.status() !== 200) problems.push(`search, sent twice: status ${answer.status()}`)
    return problems
  } finally {
    await context.close()
  }
}

const filtersBend = async ({ browser, demo }) => {
  const { context, page, complaints } = await visitorOf(browser, demo, 'internal')
  const problems = []
  try {
    const patient = await atRecord(page, demo)
    for (const name of ['q', 'panel', 'source', 'period', 'abnormal', 'show', 'skip', 'refresh']) {
      for (const [what, value] of Object.entries(STRANGE).filter(([what]) => what !== 'much too long' || name === 'q')) {
        complaints.splice(0)
        const query = new URLSearchParams({ [name]: value.slice(0, 3000) })
        const answer = await page.goto(`${demo.internal.url}${patient}/lab-results?${query}`)
        await sound(page, answer, `filter ${name}, ${what}`, complaints, problems)
      }
    }
    return problems
  } finally {
    await context.close()
  }
}

const ownFiltersBend = async ({ browser, demo }) => {
  const { context, page, complaints } = await visitorOf(browser, demo, 'external')
  const problems = []
  try {
    await signIn(page, demo.external.url, patientOf(demo))
    const person = await ownPath(page, demo)
    for (const [what, value] of Object.entries(STRANGE)) {
      complaints.splice(0)
      await page.goto(`${demo.external.url}${person}/record/lab-results`)
      const answer = await send(page, page.locator('main form[method="get"]'), { q: value.slice(0, 3000) })
      await page.locator('main').waitFor()
      await sound(page, answer, `own results, ${what}`, complaints, problems)
    }
    return problems
  } finally {
    await context.close()
  }
}

// The door last, and few tries: wrong ones are counted.
const doorBends = (portal) => async ({ browser, demo }) => {
  const { context, page, complaints } = await visitorOf(browser, demo, portal)
  const problems = []
  try {
    for (const what of ['empty', 'script', 'right to left', 'much too long']) {
      await page.goto(`${demo[portal].url}/sign-in`)
      complaints.splice(0)
      const form = page.locator('form:has([name="password"])')
      const answer = await send(page, form, { username: STRANGE[what], password: STRANGE[what] })
      await sound(page, answer, `door, ${what}`, complaints, problems)
      if (answer.status() < 400) problems.push(`door, ${what}: status ${answer.status()}`)
      if (!/^(错误：|Error:)/.test(await page.title())) problems.push(`door, ${what}: the title is ${await page.title()}`)
      // A form that was not even read answers with an error page; one that was read comes back with a summary.
      const comesBack = (await page.locator('[name="password"]').count()) > 0
      if (comesBack && (await page.locator('[role="alert"]').count()) === 0) problems.push(`door, ${what}: no summary on top`)
      if (await page.locator('[name="password"]').count() > 0 && (await page.locator('[name="password"]').inputValue()) !== '') problems.push(`door, ${what}: the password is on the page`)
    }
    // Sent twice at once with the right password: signed in, once or twice, and no error.
    const account = portal === 'internal' ? clinicianOf(demo) : patientOf(demo)
    await page.goto(`${demo[portal].url}/sign-in`)
    const fields = await page.locator('form:has([name="password"])').evaluate((form) => Object.fromEntries(new FormData(form)))
    const twice = await Promise.all([1, 2].map(() => page.request.post(`${demo[portal].url}/sign-in`, {
      form: { ...fields, username: account.username, password: account.password },
      headers: { origin: new URL(demo[portal].url).origin, accept: 'text/html' }, maxRedirects: 0,
    })))
    if (!twice.some((answer) => answer.status() === 303)) problems.push(`door, sent twice: ${twice.map((answer) => answer.status())}`)
    for (const answer of twice) if (answer.status() >= 500) problems.push(`door, sent twice: status ${answer.status()}`)
    return problems
  } finally {
    await context.close()
  }
}

const glassBends = async ({ browser, demo }) => {
  const { context, page, complaints } = await visitorOf(browser, demo, 'internal')
  const problems = []
  try {
    await signIn(page, demo.internal.url, clinicianOf(demo))
    const closed = await closedRecord(page, demo)
    if (!closed) throw new Error('every record is open: there is no form to bend')
    for (const what of ['empty', 'blank', 'script', 'right to left', 'emoji', 'much too long', 'control characters']) {
      await page.goto(`${demo.internal.url}${closed}`)
      complaints.splice(0)
      const answer = await send(page, page.locator('form[action$="/break-glass"]'), { reason: STRANGE[what], password: '' })
      await sound(page, answer, `break the glass, ${what}`, complaints, problems)
      if (answer.status() < 400) problems.push(`break the glass, ${what}, without a password: status ${answer.status()}`)
      if (!/^(错误：|Error:)/.test(await page.title())) problems.push(`break the glass, ${what}: the title is ${await page.title()}`)
    }
    await page.goto(`${demo.internal.url}${closed}`)
    if ((await page.locator('form[action$="/break-glass"]').count()) === 0) problems.push('after all that the glass is broken')
    return problems
  } finally {
    await context.close()
  }
}

// Names as they are: long ones, right to left ones, with emoji. The sandbox has none of them, so the page is given one.
const namesFit = async ({ browser, demo }) => {
  const problems = []
  for (const width of [390, 1440]) {
    const context = await contextOf(browser, { language: 'zh-CN', width })
    const page = await context.newPage()
    try {
      await atRecord(page, demo, 'demographics')
      for (const name of ['古丽巴哈尔·阿不都热合曼·买买提依明·吐尔逊江·阿布都克热木', 'Wolfeschlegelsteinhausenbergerdorffvoralternwarengewissenhaft', 'محمد بن عبد الرحمن آل سعود', '👩🏽‍⚕️陈🏳️‍🌈', `${'张'.repeat(90)}`]) {
        const seen = await page.evaluate((text) => {
          document.querySelector('.pt__name').textContent = text
          const banner = document.querySelector('.pt').getBoundingClientRect()
          const shown = document.querySelector('.pt__name').getBoundingClientRect()
          return { sideways: document.documentElement.scrollWidth - innerWidth, inside: shown.right <= banner.right + 1, high: banner.height / innerHeight }
        }, name)
        if (seen.sideways > 0) problems.push(`${width} px, ${name.slice(0, 12)}…: scrolls sideways by ${seen.sideways}`)
        if (!seen.inside) problems.push(`${width} px, ${name.slice(0, 12)}…: runs out of the banner`)
        if (seen.high > 0.6) problems.push(`${width} px, ${name.slice(0, 12)}…: the banner fills the window`)
      }
    } finally {
      await context.close()
    }
  }
  return problems
}

export const forms = [
  ['the search bends and does not break', searchBends],
  ['the filters of the matrix bend and do not break', filtersBend],
  ['the filters of one’s own results bend and do not break', ownFiltersBend],
  ['breaking the glass bends and does not break', glassBends],
  ['strange names fit', namesFit],
  ['the staff door bends and does not break', doorBends('internal')],
  ['the patients’ door bends and does not break', doorBends('external')],
]
