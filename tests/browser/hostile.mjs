// Markup that means harm, in every text that a hospital sends, opened in every page and printed, on both portals: nothing
// runs, nothing is asked of another origin, no policy is broken, nothing leaves its box, and every word can be read.
import { pagesOf } from './print.mjs'
import { startHospital, startPortals, tagOf } from './hostile-hospital.mjs'
import { clinicianOf, contextOf, openRecord, signIn } from './people.mjs'
import { listen } from './examine.mjs'

// Elements that no page of ours has, wherever they stand.
const NEVER = 'iframe, frame, frameset, object, embed, applet, base, img, image, picture, video, audio, source, track, math, template, body noscript, marquee, dialog, canvas, portal, fencedframe, slot, xmp, plaintext, listing, foreignObject, animate, set, keygen, isindex, font, center, blink, body style, body link, body meta, body script, svg style, svg script, svg a'
// What may stand in a note that came as HTML.
const PROSE = 'P BR HR DIV SPAN B STRONG I EM U SUB SUP PRE BLOCKQUOTE UL OL LI DL DT DD TABLE CAPTION THEAD TBODY TFOOT TR TD TH COLGROUP COL H4 H5 H6'.split(' ')

// What is on the open page that must not be there.
const look = (page) => page.evaluate(({ never, prose }) => {
  const wrong = []
  for (const details of document.querySelectorAll('details')) details.open = true
  if (globalThis.ran) wrong.push(`a script ran ${globalThis.ran} times`)
  for (const broken of globalThis.brokenPolicies ?? []) wrong.push(`content security policy: ${broken}`)
  for (const part of document.querySelectorAll(never)) wrong.push(`an element <${part.localName}>: ${part.outerHTML.slice(0, 90)}`)
  for (const part of document.querySelectorAll('.prose *')) {
    const spans = [...part.attributes].every(({ name }) => /^(T[DH]) (colspan|rowspan)$/.test(`${part.tagName} ${name}`))
    if (!prose.includes(part.tagName) || !spans) wrong.push(`in a note: ${part.outerHTML.slice(0, 90)}`)
  }
  for (const part of document.querySelectorAll('*')) {
    for (const { name, value } of part.attributes) {
      if (/^on|^(style|srcdoc|formaction|ping|target|autofocus|srcset|background|popover|contenteditable)$/.test(name)) wrong.push(`an attribute ${name}: ${part.outerHTML.slice(0, 90)}`)
      if (/^(href|src|action|xlink:href)$/.test(name) && new URL(value, location.href).origin !== location.origin) wrong.push(`leads away: ${part.outerHTML.slice(0, 90)}`)
      if (name.startsWith('hx-') && part.closest('.prose, .prewrap')) wrong.push(`htmx acts on: ${part.outerHTML.slice(0, 90)}`)
    }
  }
  for (const [selector, wanted] of [['html', 1], ['head title', 1], ['body', 1], ['body > header', 1], ['main', 1], ['#main', 1], ['h1', 1]]) {
    const count = document.querySelectorAll(selector).length
    if (count !== wanted) wrong.push(`${count} of ${selector}`)
  }
  const sideways = document.documentElement.scrollWidth - document.documentElement.clientWidth
  if (sideways > 0) {
    const wide = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const range = document.createRange()
      range.selectNodeContents(texts.currentNode)
      const { parentElement: box } = texts.currentNode
      if (range.getBoundingClientRect().right > innerWidth + 1 && !box.closest('.scroll')) wide.push(box)
    }
    wrong.push(`scrolls sideways by ${sideways} px: ${wide.slice(0, 3).map((part) => `${part.parentElement.localName}.${part.parentElement.className} > ${part.localName}.${part.className}: ${part.textContent.trim().slice(0, 30)}`).join(' | ')}`)
  }
  // What stands in a box that can be scrolled is reached there, however wide it is.
  const reached = (box) => {
    const scroll = box.parentElement?.closest('.scroll')
    return scroll && /auto|scroll/.test(getComputedStyle(scroll).overflowX)
  }
  const outside = (part, frame) => part.left < frame.left - 1 || part.right > frame.right + 1
  const window_ = { left: 0, right: innerWidth }
  for (const box of document.querySelectorAll('body > header, .pt, main, main > *, .card, .panel, .visit, .note-d, .side')) {
    const place = box.getBoundingClientRect()
    if (box.getClientRects().length > 0 && !reached(box) && outside(place, window_)) wrong.push(`out of the window: ${box.className} ${Math.round(place.left)}–${Math.round(place.right)}`)
    if (getComputedStyle(box).position === 'fixed') wrong.push(`fixed: ${box.className}`)
  }
  // Text may be wider than its box only where the box can be scrolled.
  for (const box of document.querySelectorAll('.prose, .prewrap, dd, .list li, .tl li > div')) {
    const frame = (box.closest('.card, .panel') ?? document.body).getBoundingClientRect()
    if (box.getClientRects().length > 0 && !reached(box) && outside(box.getBoundingClientRect(), frame)) wrong.push(`out of its box: ${box.textContent.trim().slice(0, 40)}`)
  }
  const banner = document.querySelector('.pt')?.getBoundingClientRect()
  if (banner && (banner.top < -1 || banner.width < innerWidth - 20 || banner.height > innerHeight * 0.6)) wrong.push(`the banner is ${Math.round(banner.width)} × ${Math.round(banner.height)} at ${Math.round(banner.top)}`)
  return wrong
}, { never: NEVER, prose: PROSE })

// White space, controls and marks of direction aside.
const plain = (text) => text.replace(/[\s\p{Cc}\p{Cf}]/gu, '')

// Which of the snippets are to be read on the page, whole and as they were sent.
const readable = async (page, snippets, problems, what, least) => {
  const text = plain(await page.locator('main').evaluate((main) => main.textContent))
  const missing = snippets.filter(({ nth, text: snippet }) => text.includes(tagOf(nth)) && !text.includes(plain(`${tagOf(nth)} ${snippet}`)))
  for (const { nth, text: snippet } of missing.slice(0, 5)) problems.push(`${what}: not to be read: ${tagOf(nth)} ${snippet.slice(0, 60)}`)
  const shown = snippets.filter(({ nth }) => text.includes(tagOf(nth))).length
  if (shown < least) problems.push(`${what}: ${shown} of ${snippets.length} are there, not ${least}`)
}

// Opens a page and looks at it in each width, the world's own when none is named.
const visit = async (world, path, { least, name, widths = [world.page.viewportSize().width] }) => {
  const { page, url, complaints, problems, snippets, shots } = world
  await page.setViewportSize({ width: widths[0], height: 900 })
  const answer = await page.goto(`${url}${path}`)
  if (![200, 403].includes(answer.status())) problems.push(`${name}: status ${answer.status()}`)
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 })
    const wrong = await look(page)
    // Whatever would still load, or move in a later frame; without scripts no frame is told of.
    if (world.javaScript) await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 50)) }))
    const said = [...wrong, ...complaints.splice(0).filter((one) => !/status of 4\d\d/.test(one))]
    problems.push(...[...new Set(said)].slice(0, 8).map((one) => `${name}, ${width} px: ${one}`))
    if (shots) await page.screenshot({ path: `${shots}/hostile.${name}.${width}.png`, clip: { x: 0, y: 0, width, height: 2400 }, fullPage: true })
  }
  if (least !== undefined) await readable(page, snippets, problems, name, least)
}

const printed = async (world, name, least) => {
  const { page, problems, snippets } = world
  const pdf = await page.pdf({ preferCSSPageSize: true })
  const text = pagesOf(pdf).join(' ')
  const there = snippets.filter(({ nth }) => text.includes(tagOf(nth))).length
  if (there < least) problems.push(`${name}, printed: ${there} of ${snippets.length} are there`)
  if (await page.evaluate(() => globalThis.ran)) problems.push(`${name}, printed: a script ran`)
}

const worldOf = async (browser, portals, hospital, portal, shots, javaScript = true, width = 1440) => {
  const context = await contextOf(browser, { language: 'zh-CN', width, javaScript })
  const page = await context.newPage()
  const complaints = await listen(page, new URL(portals[portal].url).origin)
  return { context, page, complaints, javaScript, url: portals[portal].url, snippets: hospital.snippets, problems: [], shots }
}

// How many of the snippets a page has to show at least; what it lists newest first or by page shows what there is room for.
const SECTIONS = { summary: 1, outpatient: 1, 'lab-results': 0.9 }
// Of the record; every one is in the list of sections.
const ALL_SECTIONS = 15
// Sections whose notes are opened as documents, and so many of each: plain and rich text, and bytes that lie.
const WITH_DOCUMENTS = ['outpatient', 'inpatient', 'discharge']
const DOCUMENTS = 3
// A registration keeps so many names, whatever a hospital sends.
const NAMES = 32
const leastOf = (slug, snippets, share) => (slug === 'demographics' ? NAMES : slug in SECTIONS ? Math.floor(snippets.length * share(slug)) : undefined)

// Opens documents that a section leads to.
const documents = async (world, path, name) => {
  const { page, url, problems } = world
  await page.goto(`${url}${path}`)
  const links = await page.locator('main a[href^="documents/"]').evaluateAll((all) => [...new Set(all.map((a) => a.pathname))])
  if (links.length === 0) problems.push(`${name}: no document to open`)
  for (const link of links.slice(0, DOCUMENTS)) await visit(world, link, { name: `${name}-document` })
}

const insideAll = async (browser, demo, portals, hospital, shots) => {
  const world = await worldOf(browser, portals, hospital, 'internal', shots)
  const { page, url, problems, snippets, context } = world
  const there = { ...demo, internal: { ...demo.internal, url } }
  try {
    await signIn(page, url, clinicianOf(demo))
    for (const name of ['Qaa', 'Qab', 'Qac']) {
      await page.goto(`${url}/patients`)
      await page.locator('main input[name="q"]').fill(name)
      await page.locator('main input[name="q"]').press('Enter')
      await page.waitForURL(/search=/)
      await visit(world, new URL(page.url()).pathname + new URL(page.url()).search, { name: `internal-search-${name}` })
      const rows = await page.locator('main a[href^="/patients/"]').count()
      if (rows < snippets.length / 3 - 1) problems.push(`search ${name}: ${rows} rows`)
    }
    await page.goto(`${url}/patients`)
    await page.locator('main input[name="q"]').fill('999009196403180328')
    await page.locator('main input[name="q"]').press('Enter')
    await page.waitForURL(/search=/)
    await page.locator('#s1').waitFor()
    const [person] = await page.locator('main a[href^="/patients/"]').evaluateAll((all) => all.map((a) => /^\/patients\/[^/?#]+/.exec(a.getAttribute('href'))[0]))
    await visit(world, `${person}/break-glass`, { name: 'internal-break-glass' })
    await openRecord(page, there, `${person}/summary`)
    const sections = await page.locator('.side a[href]').evaluateAll((all) => all.map((a) => a.pathname))
    if (sections.length < ALL_SECTIONS) problems.push(`${sections.length} sections`)
    for (const path of sections) {
      const slug = path.split('/').at(-1)
      const least = leastOf(slug, snippets, (of) => SECTIONS[of])
      await visit(world, path, { name: `internal-${slug}`, least, widths: [390, 1440] })
      if (least) await printed(world, `internal-${slug}`, Math.min(least, snippets.length / 2))
    }
    await visit(world, `${person}/timeline`, { name: 'internal-timeline', least: 1 })
    for (const slug of WITH_DOCUMENTS) await documents(world, `${person}/${slug}`, `internal-${slug}`)
    const history = await page.goto(`${url}${person}/lab-results`).then(() => page.locator('.mx tbody th a').first().getAttribute('href'))
    await visit(world, history, { name: 'internal-history' })
    return problems
  } finally {
    await context.close()
  }
}

const outsideAll = async (browser, portals, hospital, shots) => {
  const world = await worldOf(browser, portals, hospital, 'external', shots)
  const { page, url, problems, snippets, context } = world
  try {
    await signIn(page, url, portals.external.accounts[0])
    await visit(world, '/', { name: 'external-home' })
    const own = await page.locator('a[href^="/people/"]').first().getAttribute('href')
    const record = `${/^\/people\/[^/?#]+/.exec(own)[0]}/record`
    await visit(world, record, { name: 'external-record' })
    const sections = await page.locator(`a[href^="${record}/"]`).evaluateAll((all) => [...new Set(all.map((a) => a.pathname))])
    if (sections.length < ALL_SECTIONS) problems.push(`${sections.length} sections`)
    for (const path of sections) {
      const slug = path.split('/').at(-1)
      // What patients may see yet is fewer.
      const least = leastOf(slug, snippets, () => 1 / 2)
      await visit(world, path, { name: `external-${slug}`, least, widths: [1440, 390] })
      if (least) await printed(world, `external-${slug}`, least)
    }
    for (const slug of WITH_DOCUMENTS) await documents(world, `${record}/${slug}`, `external-${slug}`)
    return problems
  } finally {
    await context.close()
  }
}

// Without scripts a parser reads <noscript> as elements: another way for the same bytes.
const withoutScripts = async (browser, demo, portals, hospital) => {
  const world = await worldOf(browser, portals, hospital, 'external', undefined, false)
  const { page, url, problems, context } = world
  try {
    await signIn(page, url, portals.external.accounts[0])
    const own = await page.locator('a[href^="/people/"]').first().getAttribute('href')
    const record = `${/^\/people\/[^/?#]+/.exec(own)[0]}/record`
    for (const slug of Object.keys(SECTIONS)) await visit(world, `${record}/${slug}`, { name: `external-${slug}-bare` })
    return problems
  } finally {
    await context.close()
  }
}

const markupStaysText = async ({ browser, demo, demoFile, programs, shots }) => {
  const hospital = await startHospital()
  let portals
  try {
    if (hospital.snippets.length < 150) throw new Error(`only ${hospital.snippets.length} snippets`)
    portals = await startPortals({ demoFile, programs }, hospital)
    const problems = [
      ...(await insideAll(browser, demo, portals, hospital, shots)),
      ...(await outsideAll(browser, portals, hospital, shots)),
      ...(await withoutScripts(browser, demo, portals, hospital)),
    ]
    problems.push(...hospital.leaks.map((path) => `another origin was asked for ${path}`))
    return problems
  } finally {
    await portals?.stop()
    await hospital.stop()
  }
}

export const hostile = [['markup that means harm stays text, on every page and in print', markupStaysText]]
