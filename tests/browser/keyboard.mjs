// From the door to a result without a mouse: skip link, visible focus at every stop, regions that scroll can be scrolled.
import { administratorOf, clinicianOf, contextOf, openRecord, ownPath, patientOf, sharedPatient, signIn } from './people.mjs'

// Is it seen where the focus is? Either an outline or a ring of the element itself, or of what stands for it.
const focusSeen = (page) => page.evaluate(() => {
  const at = document.activeElement
  if (!at || at === document.body) return { name: 'nothing', seen: false }
  const standsFor = at.classList.contains('vh') ? at.nextElementSibling : at
  const style = getComputedStyle(standsFor)
  const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  const { width, height, bottom, top } = standsFor.getBoundingClientRect()
  return {
    name: `${at.tagName.toLowerCase()}${at.id ? `#${at.id}` : ''} ${at.innerText?.slice(0, 20) ?? ''}`.trim(),
    seen: outline && width > 0 && height > 0, inWindow: bottom > 0 && top < innerHeight,
    tag: at.tagName, name_: at.getAttribute('name'), href: at.getAttribute('href'), role: at.getAttribute('role'),
  }
})

const tabTo = async (page, reached, problems, most = 80) => {
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press('Tab')
    const at = await focusSeen(page)
    if (!at.seen) problems.push(`the focus is not seen on: ${at.name}`)
    if (!at.inWindow) problems.push(`the focus is outside the window on: ${at.name}`)
    if (reached(at)) return at
  }
  throw new Error(`not reached by ${most} tabs`)
}

const clinicianByKeyboard = async ({ browser, demo }) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 1440 })
  const page = await context.newPage()
  const problems = []
  try {
    const { username, password } = clinicianOf(demo)
    await page.goto(`${demo.internal.url}/sign-in`)
    await tabTo(page, (at) => at.name_ === 'username', problems)
    await page.keyboard.type(username)
    await tabTo(page, (at) => at.name_ === 'password', problems)
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
    await page.waitForLoadState('load')
    await page.keyboard.press('Tab')
    const first = await focusSeen(page)
    if (first.href !== '#main') problems.push(`the first stop is ${first.name}, not the way to the content`)
    await page.keyboard.press('Enter')
    await tabTo(page, (at) => at.name_ === 'q', problems)
    await page.keyboard.type(sharedPatient(demo).name)
    await page.keyboard.press('Enter')
    await page.waitForURL(/search=/)
    const person = await tabTo(page, (at) => /^\/patients\/[^/?]+$/.test(at.href ?? ''), problems)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname.startsWith(person.href))
    await page.waitForLoadState('load')
    await openRecord(page, demo, `${person.href}/demographics`)
    await tabTo(page, (at) => (at.href ?? '').endsWith('/lab-results'), problems)
    await page.keyboard.press('Enter')
    await page.waitForURL(/lab-results/)
    await page.locator('h1', { hasText: '检验结果' }).waitFor()
    // The matrix can be scrolled by the arrow keys when it does not fit.
    await page.setViewportSize({ width: 390, height: 844 })
    const region = await tabTo(page, (at) => at.role === 'group' && at.tag === 'DIV', problems, 120)
    const before = await page.evaluate(() => document.activeElement.scrollLeft)
    const spare = await page.evaluate(() => document.activeElement.scrollWidth - document.activeElement.clientWidth)
    await page.keyboard.press('ArrowRight')
    if (spare > 0) await page.waitForFunction((from) => document.activeElement.scrollLeft > from, before, { timeout: 3000 })
    else problems.push(`${region.name}: nothing to scroll at 390 px`)
    return problems
  } finally {
    await context.close()
  }
}

const patientByKeyboard = async ({ browser, demo }) => {
  const context = await contextOf(browser, { language: 'en', width: 390 })
  const page = await context.newPage()
  const problems = []
  try {
    await signIn(page, demo.external.url, patientOf(demo))
    const person = await ownPath(page, demo)
    await tabTo(page, (at) => (at.href ?? '').endsWith('/lab-results'), problems)
    await page.keyboard.press('Enter')
    await page.waitForURL(/lab-results/)
    await page.waitForLoadState('load')
    await tabTo(page, (at) => (at.href ?? '').includes('show='), problems, 60)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => url.pathname.startsWith(person) && url.searchParams.has('show'))
    await page.waitForLoadState('load')
    await tabTo(page, (at) => (at.href ?? '').endsWith('/record/lab-results'), problems)
    return problems
  } finally {
    await context.close()
  }
}

// The menu of administration: a column below its name, opened and left by keyboard; without scripts it is a disclosure.
const administrationMenu = (javaScript) => async ({ browser, demo }) => {
  const context = await contextOf(browser, { language: 'en', width: 1440, javaScript })
  const page = await context.newPage()
  const problems = []
  try {
    await signIn(page, demo.internal.url, administratorOf(demo))
    const menu = page.locator('.bar__more')
    const links = menu.locator('a')
    if (await links.first().isVisible()) problems.push('the menu is open before anybody asked')
    await menu.locator('summary').focus()
    await page.keyboard.press('Enter')
    await links.last().waitFor()
    const boxes = await Promise.all((await links.all()).map((link) => link.boundingBox()))
    if (boxes.length < 2) problems.push(`${boxes.length} links in the menu`)
    if (boxes.some(({ x, y }, nth) => nth > 0 && (x !== boxes[0].x || y <= boxes[nth - 1].y))) problems.push('the links are no column')
    if (boxes.some(({ x, width }) => x < 0 || x + width > 1440)) problems.push('the menu leaves the window')
    if (javaScript) {
      await page.keyboard.press('Tab')
      const at = await focusSeen(page)
      if (!at.seen || at.href !== (await links.first().getAttribute('href'))) problems.push(`the first stop in the menu is ${at.name}`)
      await page.keyboard.press('Escape')
      await links.first().waitFor({ state: 'hidden' })
      if ((await focusSeen(page)).tag !== 'SUMMARY') problems.push('Escape does not lead back to the menu’s name')
      await page.keyboard.press('Enter')
      await links.first().waitFor()
      await page.locator('h1').click()
      await links.first().waitFor({ state: 'hidden' })
      await menu.locator('summary').click()
    }
    const last = await links.last().getAttribute('href')
    await links.last().click()
    await page.waitForURL(`**${last}`)
    const bar = await page.locator('.bar').evaluate((one) => one.offsetHeight)
    if (bar > 56) problems.push(`the bar takes ${bar} px: more than its one line`)
    return problems
  } finally {
    await context.close()
  }
}

export const keyboard = [
  ['a clinician gets from the door to the matrix by keyboard', clinicianByKeyboard],
  ['a patient gets from the first page to a result and back by keyboard', patientByKeyboard],
  ['the menu of administration, with scripts', administrationMenu(true)],
  ['the menu of administration, without scripts', administrationMenu(false)],
]
