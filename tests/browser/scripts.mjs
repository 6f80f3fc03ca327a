// What scripts add: speed, and nothing else. No health data stays in the browser, and no markup can make htmx act.
import { atRecord, contextOf, patientOf, ownPath, signIn } from './people.mjs'

const visitorOf = async (browser) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 1440 })
  return { context, page: await context.newPage() }
}

const sectionsChangeWithoutLeaving = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
  try {
    const patient = await atRecord(page, demo, 'demographics')
    const problems = []
    await page.evaluate(() => { globalThis.sameDocument = true })
    await page.locator(`.side a[href="${patient}/lab-results"]`).click()
    await page.waitForURL(`**${patient}/lab-results`)
    await page.locator('.side a[aria-current="page"][href$="/lab-results"]').waitFor()
    if (!(await page.evaluate(() => globalThis.sameDocument))) problems.push('the section came as a new document: htmx did not act')
    if ((await page.locator('h1').innerText()).trim() !== '检验结果') problems.push('the heading is of another section')
    if (!(await page.title()).includes('检验结果')) problems.push(`the title is ${await page.title()}`)
    // A filter changes the main part alone, and the URL restores it.
    await page.locator('input[name="abnormal"]').check()
    await page.locator('#f-apply').click()
    await page.waitForURL(/abnormal=1/)
    if (!(await page.evaluate(() => globalThis.sameDocument))) problems.push('the filter came as a new document')
    if ((await page.evaluate(() => document.activeElement?.id)) !== 'f-apply') problems.push('the focus is lost after filtering')
    await page.goBack()
    await page.waitForURL((url) => !url.search.includes('abnormal'))
    await page.locator('input[name="abnormal"]:not(:checked)').waitFor()
    await page.goBack()
    await page.waitForURL(`**${patient}/demographics`)
    await page.locator('.side a[aria-current="page"][href$="/demographics"]').waitFor()
    return problems
  } finally {
    await context.close()
  }
}

const nothingStays = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
  try {
    const patient = await atRecord(page, demo, 'demographics')
    const name = await page.locator('.pt__name').innerText()
    await page.locator(`.side a[href="${patient}/lab-results"]`).click()
    await page.locator('.side a[aria-current="page"][href$="/lab-results"]').waitFor()
    const problems = []
    const stored = await page.evaluate(async () => ({
      local: localStorage.length, session: sessionStorage.length, caches: (await caches.keys()).length,
      databases: (await indexedDB.databases()).length,
    }))
    for (const [place, count] of Object.entries(stored)) if (count > 0) problems.push(`${count} in ${place}`)
    await page.locator('form[action="/sign-out"] button').first().click()
    await page.waitForURL(/sign-in/)
    for (let back = 0; back < 3; back += 1) {
      await page.goBack().catch(() => {})
      await page.waitForLoadState('load')
      const text = await page.locator('body').innerText()
      if (text.includes(name)) problems.push(`${back + 1} back after signing out: ${name} is on the page`)
    }
    return problems
  } finally {
    await context.close()
  }
}

const onlyOurMarkupActs = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
  try {
    await atRecord(page, demo, 'demographics')
    const problems = []
    const asked = []
    page.on('request', (request) => { if (request.url().includes('injected')) asked.push(request.url()) })
    const added = await page.evaluate(async () => {
      const make = (markup) => {
        const holder = document.createElement('div')
        holder.innerHTML = markup
        document.body.append(holder)
        globalThis.htmx.process(holder)
        return holder
      }
      make('<button id="no-nonce" hx-get="/patients?injected=1" hx-trigger="load">x</button>')
      make('<button id="wrong-nonce" hx-nonce="guessed" hx-get="/patients?injected=2" hx-trigger="load">x</button>')
      make('<button id="on" hx-nonce="guessed" hx-on:click="globalThis.evaluated = true">x</button>')
      document.querySelector('#on').click()
      await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 100)) })
      return { left: document.querySelector('#no-nonce').hasAttribute('hx-get'), evaluated: globalThis.evaluated === true, on: typeof globalThis.htmx }
    })
    if (added.on !== 'object') problems.push('htmx is not there: nothing is shown by this')
    if (asked.length > 0) problems.push(`requests were made: ${asked.join(', ')}`)
    if (added.left) problems.push('an element without the nonce kept its attributes')
    if (added.evaluated) problems.push('a text was evaluated')
    return problems
  } finally {
    await context.close()
  }
}

const nonceIsNew = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
  try {
    const problems = []
    await signIn(page, demo.external.url, patientOf(demo))
    const seen = new Set()
    for (let nth = 0; nth < 5; nth += 1) {
      const answer = await page.request.get(`${demo.external.url}/`, { headers: { accept: 'text/html' } })
      const nonce = /'nonce-([\w-]{20,})'/.exec(answer.headers()['content-security-policy'])?.[1]
      if (!nonce) problems.push('the policy names no nonce')
      if (!(await answer.text()).includes(`nonce="${nonce}"`)) problems.push('no script carries the nonce')
      seen.add(nonce)
    }
    if (seen.size !== 5) problems.push(`${seen.size} nonces in 5 answers`)
    if (/unsafe/.test((await page.request.get(`${demo.external.url}/`)).headers()['content-security-policy'])) problems.push('the policy has an unsafe part')
    return problems
  } finally {
    await context.close()
  }
}

const expiredSessionLeavesThePage = async ({ browser, demo }) => {
  const { context, page } = await visitorOf(browser)
  try {
    const patient = await atRecord(page, demo, 'demographics')
    const name = await page.locator('.pt__name').innerText()
    await context.clearCookies()
    await page.locator(`.side a[href="${patient}/lab-results"]`).click()
    await page.waitForURL(/\/sign-in/)
    const left = await page.evaluate(() => ({ pid: document.documentElement.dataset.pid, text: document.body.innerText }))
    const problems = []
    if (left.pid || left.text.includes(name)) problems.push('something of the patient stayed round the sign-in form')
    return problems
  } finally {
    await context.close()
  }
}

const themeSwitch = (javaScript) => async ({ browser, demo }) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 1440, javaScript })
  const page = await context.newPage()
  try {
    const problems = []
    await signIn(page, demo.external.url, patientOf(demo))
    const person = await ownPath(page, demo)
    await page.goto(`${demo.external.url}${person}/record/lab-results?abnormal=1`)
    for (const [expected, background] of [['dark', 'rgb(13, 23, 28)'], ['light', 'rgb(241, 244, 245)'], [null, 'rgb(241, 244, 245)']]) {
      await page.locator('a.theme').first().click()
      await page.waitForLoadState('load')
      // The choice holds on the next page too.
      await page.goto(`${demo.external.url}${person}/record/lab-results?abnormal=1`)
      const shown = await page.locator('html').getAttribute('data-theme')
      if (shown !== expected) problems.push(`data-theme is ${shown}, not ${expected}`)
      if (javaScript) {
        const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
        if (colour !== background) problems.push(`${expected}: the page is ${colour}`)
      }
    }
    return problems
  } finally {
    await context.close()
  }
}

export const scripts = [
  ['sections and filters change without leaving the page, and Back works', sectionsChangeWithoutLeaving],
  ['nothing of a record stays in the browser after signing out', nothingStays],
  ['markup without the page’s nonce does nothing', onlyOurMarkupActs],
  ['every answer has a nonce of its own', nonceIsNew],
  ['a section asked for after the session ended leads to the door', expiredSessionLeavesThePage],
  ['the theme is chosen and kept, with scripts', themeSwitch(true)],
  ['the theme is chosen and kept, without scripts', themeSwitch(false)],
]
