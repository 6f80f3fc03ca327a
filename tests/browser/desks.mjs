// What stories of pages share: making a page, acting on it, publishing it, granting it, and taking hold of things by mouse.
import { examine } from './examine.mjs'
import { administratorOf, contextOf, signIn } from './people.mjs'

export const staffOf = (demo, role) => demo.internal.accounts.filter((account) => account.roles.length === 1 && account.roles[0] === role)

// Somebody signed in, with a page of their own that remembers what was wrong in it.
export const visitorOf = async (browser, account, demo, { javaScript = true, language = 'en', width = 1440 } = {}) => {
  const context = await contextOf(browser, { language, width, javaScript })
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`))
  page.on('dialog', (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss() })
  page.on('response', (response) => { if (response.status() >= 500) complaints.push(`status ${response.status()}: ${new URL(response.url()).pathname}`) })
  await signIn(page, demo.internal.url, account)
  return { account, context, page, complaints, url: demo.internal.url, javaScript }
}

// A story with people in it: what they complain of is a problem of the story, and their browsers are closed.
export const story = async ({ browser, demo }, people, tell) => {
  const visitors = []
  const problems = []
  try {
    for (const [account, options] of people) visitors.push(await visitorOf(browser, account, demo, options))
    await tell(visitors, (wrong, what) => { if (wrong) problems.push(what) })
    return [...problems, ...visitors.flatMap(({ complaints }) => complaints)]
  } finally {
    await Promise.all(visitors.map(({ context }) => context.close()))
  }
}

// What must hold on every page, of one that no link leads to; without scripts nothing can be examined.
export const sound = async ({ page, javaScript = true }, wrong, where) => {
  if (!javaScript) return
  for (const problem of await examine(page, { language: 'en', complaints: [] })) wrong(true, `${where}: ${problem}`)
}

export const administrator = (demo, options) => [administratorOf(demo), options]

let made = 0
export const slugOf = (words) => `${words}-${Date.now().toString(36)}${(made += 1)}`

export const create = async ({ page, url }, { zh, en, slug, from = 'template:full-width-and-two' }) => {
  await page.goto(`${url}/admin/pages`)
  await page.locator('#title-zh').fill(zh)
  await page.locator('#title-en').fill(en)
  await page.locator('#slug').fill(slug)
  await page.locator('#from').selectOption(from)
  await page.locator('#create').click()
  await page.waitForURL(/\/admin\/pages\/p-/)
  return /\/admin\/pages\/(p-[a-z0-9-]+)/.exec(page.url())[1]
}

export const rev = (page) => page.locator('#ops input[name="rev"]').getAttribute('value')

// Does something that changes the draft, and waits for the answer: every change has another rev.
export const changing = async (page, act) => {
  const before = await rev(page)
  await act()
  await page.locator(`#ops input[name="rev"]:not([value="${before}"])`).waitFor({ state: 'attached' })
}

// Does something that need not change the draft, and waits for the answer, which has a token of its own.
export const answered = async (page, act) => {
  const token = await page.locator('#ops input[name="csrf_token"]').getAttribute('value')
  await act()
  await page.locator(`#ops input[name="csrf_token"]:not([value="${token}"])`).waitFor({ state: 'attached' })
}

export const press = (page, selector) => changing(page, () => page.locator(selector).click())

export const region = (page, nth) => page.locator('[data-region]').nth(nth)
export const items = (page, nth) => region(page, nth).locator('[data-item]')
// Chromium runs no function in a page without scripts: what is asked there is asked of the markup.
export const idsIn = async (page, nth) => Promise.all((await items(page, nth).all()).map((one) => one.getAttribute('data-item')))
export const sizeOf = async (page, item) => {
  const one = page.locator(`[data-item="${item}"]`)
  return `${await one.getAttribute('data-columns')}x${await one.getAttribute('data-rows')}`
}

const middle = async (locator) => {
  await locator.scrollIntoViewIfNeeded()
  const box = await locator.boundingBox()
  return [box.x + box.width / 2, box.y + box.height / 2]
}

// Takes hold of one thing and drops it on another, as a hand does: in steps, and not before the place has opened.
export const drag = async (page, from, onto, opened) => {
  const [x, y] = await middle(from)
  const [toX, toY] = await middle(onto)
  const [fromX, fromY] = await middle(from)
  if (x !== fromX || y !== fromY) throw new Error('both ends of the drag do not fit the window')
  await page.mouse.move(fromX, fromY)
  await page.mouse.down()
  await page.mouse.move(fromX + (toX - fromX) / 2, fromY + (toY - fromY) / 2, { steps: 4 })
  await page.mouse.move(toX, toY, { steps: 4 })
  for (let step = 0; step < 20 && (await opened.count()) === 0; step += 1) {
    await page.mouse.move(toX + (step % 2), toY + (step % 3) - 1)
    await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)) }))
  }
  await page.mouse.up()
}

// Moves what is taken hold of by so many pixels.
export const pull = async (page, handle, byX, byY) => {
  const [x, y] = await middle(handle)
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + byX / 2, y + byY / 2, { steps: 3 })
  await page.mouse.move(x + byX, y + byY, { steps: 3 })
  await page.mouse.up()
}

// Tab to a control and press it: no mouse, no drag.
export const tabTo = async (page, id) => {
  for (let step = 0; step < 200; step += 1) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate(() => document.activeElement?.id)) === id) return
  }
  throw new Error(`#${id} is not reached by keyboard`)
}

export const publish = async (page, url, id, note) => {
  await page.goto(`${url}/admin/pages/${id}/revisions`)
  await page.locator('#note').fill(note)
  await page.locator('#publish').click()
  await page.waitForURL(/done=published/)
}

// What a page of rights proposes is done.
export const confirm = async (page) => {
  await page.locator('form[action="/admin/roles/change"][method="post"] button').click()
  await page.waitForURL(/\/admin\/roles\?.*done=/)
}

// A role on a page for one person, as those who administer rights give it.
export const appoint = async ({ page, url }, id, account, role) => {
  await page.goto(`${url}/admin/roles?object=page:${id}`)
  await page.locator('#kind').selectOption('person')
  await page.locator('#who').fill(account.username)
  await page.locator('#role').selectOption(role)
  await page.locator('form:has(#who) button[type="submit"]').click()
  await confirm(page)
}

// How long it takes until an address answers so; at most five seconds.
export const until = async (page, address, status) => {
  const begun = performance.now()
  while (performance.now() - begun < 5000) {
    const answer = await page.goto(address)
    if (answer.status() === status) return performance.now() - begun
  }
  return Infinity
}
