// One's own desk as one wants it: hidden, moved, collapsed, resized and set back, with scripts and without; what administrators
// change later keeps it, and what they lock is refused.
import { atHome } from './people.mjs'
import { administrator, answered, create, drag, idsIn, press, publish, pull, region, sizeOf, slugOf, sound, staffOf, story } from './desks.mjs'

const unfold = (page) => page.locator('#settings details').evaluateAll((all) => all.forEach((one) => { one.open = true }))

// A first page for nurses with three widgets, published; nurses had the portal's own before.
const deskOfNurses = async (visitor) => {
  const { page, url } = visitor
  const id = await create(visitor, { zh: '病区首页', en: 'Ward home', slug: slugOf('home'), from: 'template:wide-left' })
  for (const kind of ['calendar', 'hospitals', 'patient-search']) await press(page, `#add-${kind}`)
  await page.goto(`${url}/admin/pages/${id}`)
  await unfold(page)
  await page.locator('#settings input[name="home"][value="nurse"]').check()
  await page.locator('#s-priority').fill('99')
  await press(page, '#save')
  await publish(page, url, id, 'home')
  return id
}

const arranges = ({ browser, demo, javaScript }) =>
  story({ browser, demo }, [administrator(demo), [staffOf(demo, 'nurse').at(-1), { javaScript }]], async ([admin, nurse], wrong) => {
    const id = await deskOfNurses(admin)
    try {
      await theirOwn(admin, nurse, id, wrong)
    } finally {
      await nurse.page.goto(`${nurse.url}/arrange`)
      await nurse.page.locator('#reset:not([disabled])').click({ timeout: 1000 }).catch(() => {})
      await admin.page.goto(`${admin.url}/admin/pages`)
      const removal = admin.page.locator(`form[action="/admin/pages/${id}/presence"]`)
      await admin.page.locator('details', { has: removal }).locator('summary').click()
      await removal.locator('button').click()
      await admin.page.waitForURL(/done=deleted/)
    }
  })

const theirOwn = async (admin, nurse, id, wrong) => {
  const { page, url, javaScript } = nurse
  await atHome(page, url)
  await page.locator('#arrange').click()
  await page.locator('#ops').waitFor({ state: 'attached' })
  const [one, two, three] = await idsIn(page, 0)
  wrong(!three, 'the desk does not show its three widgets')
  await sound(nurse, wrong, 'one’s own desk')
  const click = (selector) => answered(page, () => page.locator(selector).click())
  await click(`#down-${one}`)
  wrong((await idsIn(page, 0)).join() !== [two, one, three].join(), 'it did not move down')
  if (javaScript) {
    const there = region(page, 1).locator(`[data-item="${two}"]`)
    await answered(page, () => drag(page, page.locator(`[data-item="${two}"] .wg__grip`), region(page, 1), there))
  } else await click(`#next-${two}`)
  wrong((await idsIn(page, 1)).join() !== two, 'it did not move to the other region')
  if (javaScript) {
    const column = (await region(page, 0).boundingBox()).width / 12
    await answered(page, () => pull(page, page.locator(`#size-${one}`), -column, 0))
  } else await click(`#columns-less-${one}`)
  wrong(!(await sizeOf(page, one)).startsWith('11x'), 'it is no narrower')
  await click(`#collapse-${one}`)
  await click(`#hide-${three}`)
  wrong((await page.locator(`#show-${three}`).count()) !== 1, 'what is hidden is not offered again')
  await atHome(page, url)
  wrong((await page.locator(`#w-${three}`).count()) !== 0, 'what is hidden is still on the desk')
  wrong((await page.locator(`#w-${two}`).count()) !== 1, 'what was moved is not on the desk')
  wrong((await page.locator(`#w-${one} > .card__b > a[href*="/items/${one}"]`).count()) !== 1, 'what is collapsed is open on the desk')
  if (javaScript) await keptAndLocked(admin, nurse, { id, one, two, three }, wrong)
  await page.goto(`${url}/arrange`)
  await click('#reset')
  wrong((await page.locator(`#show-${three}`).count()) !== 0, 'set back, something is still hidden')
  wrong(!(await sizeOf(page, one)).startsWith('12x'), 'set back, it has another size')
  await atHome(page, url)
  wrong((await page.locator(`#w-${three}`).count()) !== 1, 'set back, something is missing on the desk')
}

const keptAndLocked = async (admin, nurse, { id, one, two, three }, wrong) => {
  const { page, url } = nurse
  // An administrator adds something and locks something; one's own stays, and what is locked is as they made it.
  await admin.page.goto(`${admin.url}/admin/pages/${id}`)
  await press(admin.page, '#add-links')
  const added = (await idsIn(admin.page, 0)).concat(await idsIn(admin.page, 1)).find((item) => ![one, two, three].includes(item))
  await admin.page.goto(`${admin.url}/admin/pages/${id}?at=${two}`)
  await unfold(admin.page)
  for (const lock of ['arrange', 'hide']) await admin.page.locator(`#settings input[name="lock-${lock}"]`).check()
  await press(admin.page, '#save')
  await publish(admin.page, admin.url, id, 'locked')
  await page.goto(`${url}/arrange`)
  wrong(!(await idsIn(page, 0)).concat(await idsIn(page, 1)).includes(added), 'what administrators added is not there')
  wrong((await page.locator(`#show-${three}`).count()) !== 1, 'an administrator’s change took away what was hidden')
  wrong(!(await sizeOf(page, one)).startsWith('11x'), 'an administrator’s change took away the size')
  wrong((await idsIn(page, 0)).includes(two) === false, 'what is locked is not where administrators put it')
  await sound(nurse, wrong, 'one’s own desk with changes that have no effect')
  wrong((await page.locator('#a1').count()) !== 1, 'it does not say what has no effect now')
  wrong(!(await page.locator(`#hide-${two}`).isDisabled()), 'what is locked can be hidden')
  const token = await page.locator('#ops input[name="csrf_token"]').getAttribute('value')
  const post = (form) => page.request.post(`${url}/arrange`, { form: { ...form, csrf_token: token }, headers: { origin: url } })
  for (const doing of [`hide:${two}`, `columns-less:${two}`, 'hide:no-such', `remove:${one}`, 'add:calendar', '']) {
    const answer = await post({ do: doing })
    wrong(answer.status() !== 409, `“${doing}” answers ${answer.status()}`)
    wrong(!(await answer.text()).includes('id="error"'), `“${doing}” is not refused in words`)
  }
}

export const arrange = [true, false].map((javaScript) => [`a nurse arranges her desk, ${javaScript ? 'with' : 'without'} scripts`, (world) => arranges({ ...world, javaScript })])
