// Pages as administrators lay them out: built, granted, previewed, published, rolled back, with scripts and without, by
// mouse and by keyboard alone; what others see of it, and what they can't touch.
import {
  administrator, appoint, changing, confirm, create, drag, idsIn, items, press, publish, pull, region, rev, sizeOf, slugOf, sound, staffOf, story, tabTo, until,
} from './desks.mjs'

const WIDE_ENOUGH = { width: 1440, height: 1700 }

// Widgets from the palette into regions, within and between them, larger and smaller: what a hand does.
const byMouse = async (page, wrong) => {
  await page.setViewportSize(WIDE_ENOUGH)
  const fromPalette = (kind, nth) => changing(page, () =>
    drag(page, page.locator(`[data-palette] [data-kind="${kind}"] > span`), region(page, nth), region(page, nth).locator(`[data-kind="${kind}"]`)))
  await fromPalette('calendar', 0)
  await fromPalette('hospitals', 0)
  const [one, other] = await idsIn(page, 0)
  wrong(!one || !other, 'what was dragged from the palette is not in the region')
  const grip = (item) => page.locator(`[data-item="${item}"] .wg__grip`)
  const last = page.locator('[data-region] >> nth=0').locator(`[data-item="${one}"]:last-child`)
  await changing(page, () => drag(page, grip(one), page.locator(`[data-item="${other}"] .wg__name`), last))
  wrong((await idsIn(page, 0)).join() !== [other, one].join(), 'dragging within a region does not put one behind the other')
  await changing(page, () => drag(page, grip(one), region(page, 1), region(page, 1).locator(`[data-item="${one}"]`)))
  wrong((await idsIn(page, 1)).join() !== one, 'dragging between regions does not move it')
  // What was moved is chosen, and has a corner to pull.
  const column = (await region(page, 1).boundingBox()).width / 12
  await changing(page, () => pull(page, page.locator(`#size-${one}`), -4 * column, 32))
  wrong((await sizeOf(page, one)) !== '8x3', `pulled by the corner it is ${await sizeOf(page, one)}, not 8x3`)
  const shown = (await page.locator(`[data-item="${one}"]`).boundingBox()).width
  wrong(Math.abs(shown - 8 * column) > column, 'its new width does not show')
  const line = page.locator('.rz').first()
  const width = await line.getAttribute('aria-valuenow')
  const twelfth = (await page.locator('.canvas > .cols').boundingBox()).width / 12
  await changing(page, () => pull(page, line, -twelfth, 0))
  wrong(Number(await line.getAttribute('aria-valuenow')) !== Number(width) - 1, 'the line between regions does not follow the mouse')
  return [one, other]
}

// The same by buttons, which are all there is without scripts.
const byButtons = async (page, wrong) => {
  await press(page, '#add-calendar')
  const [one] = await idsIn(page, 0)
  await press(page, '#add-hospitals')
  const [other] = (await idsIn(page, 0)).filter((id) => id !== one)
  wrong(!other, 'the second widget is not in the region')
  const first = (await idsIn(page, 0))[0]
  await press(page, `#down-${first}`)
  wrong((await idsIn(page, 0))[1] !== first, 'it did not move down')
  await press(page, `#next-${one}`)
  wrong((await idsIn(page, 1)).join() !== one, 'the widget is not in the second region')
  for (const act of ['columns-less', 'columns-less', 'columns-less', 'columns-less', 'rows-more']) await press(page, `#${act}-${one}`)
  const rows = Number((await sizeOf(page, one)).split('x')[1])
  wrong((await sizeOf(page, one)) !== `8x${rows}`, `made narrower it is ${await sizeOf(page, one)}`)
  await press(page, `#narrower-${await region(page, 1).getAttribute('data-region')}`)
  return [one, other]
}

const cell = (page, group) => page.locator(`#perm tbody tr >> nth=0 >> td:has(a[href*="subject=g:${group}"])`)

// Nobody sees the page any more but nurses.
const forNursesAlone = async ({ page, url }, id, wrong) => {
  await page.goto(`${url}/admin/pages/${id}`)
  wrong((await cell(page, 'nurse').locator('.state').innerText()).trim() !== 'Inherited', 'what a nurse may see of a new page is not called inherited')
  for (let role = 0; role < 3 && (await page.locator('#narrow').count()) > 0; role += 1) {
    await page.locator('#narrow').click()
    await confirm(page)
    await page.goto(`${url}/admin/pages/${id}`)
  }
  wrong((await cell(page, 'nurse').locator('.state').innerText()).trim() !== 'Not visible', 'a blocked page is still visible to nurses')
  await cell(page, 'nurse').locator('a[href*="what=grant"]').click()
  await confirm(page)
  await page.goto(`${url}/admin/pages/${id}`)
  wrong((await cell(page, 'nurse').locator('.state').innerText()).trim() !== 'Granted', 'what is granted to nurses is not called granted')
}

// Every cell of the table of rights says why, and says the same as the table.
const explainsItself = async (page, url, wrong) => {
  const shown = await page.locator('#perm tbody td').all()
  const cells = await Promise.all(shown.map(async (one) => [await one.getAttribute('class'), await one.locator('a').first().getAttribute('href')]))
  wrong(cells.length < 10, `there are ${cells.length} cells of rights`)
  wrong(new Set(cells.map(([state]) => state)).size < 3, 'granted, inherited and neither are not told apart')
  await Promise.all(cells.map(async ([state, href]) => {
    const answer = href ? await page.request.get(new URL(href, url).href) : undefined
    const said = answer?.ok() ? /id="e1">.*?<\/h2>/s.exec(await answer.text())?.[0] ?? '' : ''
    const allowed = /granted|inherited/.test(state)
    wrong(!said.includes(allowed ? '#circle-check' : '#circle-x'), `the reason of a cell that is ${state} answers ${answer?.status()}: ${said.slice(0, 200)}`)
  }))
}

// Whoever administers a page of another department sees nothing of this one, and can do nothing to it.
const touchesNothing = async ({ page, url }, { id, theirs, words }, wrong) => {
  await page.goto(`${url}/admin/pages`)
  wrong((await page.locator('main').innerText()).includes(words), 'the page of another department is in the list')
  const token = await page.locator('input[name="csrf_token"]').first().getAttribute('value')
  const refused = (answer, what) => wrong(![403, 404].includes(answer.status()), `${what} answers ${answer.status()} to whoever administers another page`)
  for (const path of ['', '/preview', '/revisions', '/file', '/colours/1.css']) refused(await page.request.get(`${url}/admin/pages/${id}${path}`), path || 'the designer')
  const acts = [
    ['', { rev: '1', do: 'add:calendar' }], ['', { rev: '1', do: 'undo' }], ['', { rev: '1', do: 'merge' }], ['/publish', { rev: '1' }], ['/roll-back', { rev: '1', to: '1' }],
    ['/presence', { present: 'no' }], ['', { rev: '1', do: 'save-template', 'name-zh': '名', 'name-en': 'Name' }],
  ]
  for (const [path, form] of acts) {
    refused(await page.request.post(`${url}/admin/pages/${id}${path}`, { form: { ...form, csrf_token: token }, headers: { origin: url } }), `POST ${path} ${form.do ?? ''}`)
  }
  const change = { what: 'grant', object: `page:${id}`, subject: 'g:manager', role: 'user', effect: 'allow', csrf_token: token }
  refused(await page.request.post(`${url}/admin/roles/change`, { form: change, headers: { origin: url } }), 'a grant')
  await page.goto(`${url}/admin/pages/${theirs}`)
  await press(page, '#add-calendar')
  wrong((await page.locator('[data-item]').count()) !== 1, 'they can’t edit their own page')
}

const wholeStory = ({ browser, demo, javaScript }) => {
  const [nurse] = staffOf(demo, 'nurse')
  const delegate = staffOf(demo, 'manager').at(-1)
  const people = [administrator(demo, { javaScript }), [nurse, { javaScript }], [delegate, { javaScript }]]
  return story({ browser, demo }, people, async ([admin, reader, other], wrong) => {
    const { page, url } = admin
    const theirs = await create(admin, { zh: '另一科室', en: 'Another department', slug: slugOf('dept') })
    await appoint(admin, theirs, delegate, 'manager')
    const words = `Ward desk ${slugOf('w')}`
    const id = await create(admin, { zh: '护士工作台', en: words, slug: slugOf('ward') })
    wrong((await page.locator('[data-region]').count()) !== 3, 'the page does not have three regions')
    const [one, two] = await (javaScript ? byMouse : byButtons)(page, wrong)
    await press(page, '#undo')
    await press(page, '#redo')
    wrong(!(await sizeOf(page, one)).startsWith('8x'), 'undone and done again, it is not as it was')
    const laid = await sizeOf(page, one)
    await page.goto(`${url}/admin/pages/${id}`)
    wrong((await sizeOf(page, one)) !== laid, 'after loading anew it has another size')
    await forNursesAlone(admin, id, wrong)
    wrong((await reader.page.goto(`${url}/pages/${id}`)).status() !== 404, 'a draft shows')
    await page.goto(`${url}/admin/pages/${id}/preview?as=nurse&width=phone`)
    wrong(!(await page.locator('.draftline').isVisible()), 'the preview does not say that it is a draft')
    wrong((await page.locator('.pv .card').count()) !== 2, 'a nurse’s preview does not show both widgets')
    await page.goto(`${url}/admin/pages/${id}/preview?as=researcher`)
    wrong(!(await page.locator('main').innerText()).includes('can’t open this page'), 'the preview does not say that researchers can’t see the page')
    await publish(page, url, id, 'first')
    const took = await until(reader.page, `${url}/pages/${id}`, 200)
    wrong(took > 1000, `a nurse sees it after ${Math.round(took)} ms`)
    for (const item of [one, two]) wrong((await reader.page.locator(`#w-${item}`).count()) !== 1, 'the nurse does not see a widget')
    wrong((await other.page.goto(`${url}/pages/${id}`)).status() !== 404, 'somebody else sees it')
    await touchesNothing(other, { id, theirs, words }, wrong)
    await page.goto(`${url}/admin/pages/${id}`)
    await explainsItself(page, url, wrong)
    await press(page, `#remove-${one}`)
    await publish(page, url, id, 'second')
    await reader.page.goto(`${url}/pages/${id}`)
    wrong((await reader.page.locator(`#w-${one}`).count()) !== 0, 'the nurse still sees what was removed')
    await page.locator('#roll-back-1').click()
    await page.waitForURL(/done=rolled-back/)
    await reader.page.goto(`${url}/pages/${id}`)
    wrong((await reader.page.locator(`#w-${one}`).count()) !== 1, 'going back does not bring it back')
  })
}

const twoEditorsMerge = ({ browser, demo, javaScript }) =>
  story({ browser, demo }, [administrator(demo, { javaScript })], async ([one], wrong) => {
    const id = await create(one, { zh: '两人', en: 'Two', slug: slugOf('two') })
    const other = await one.context.newPage()
    await other.goto(`${one.url}/admin/pages/${id}`)
    await press(one.page, '#add-calendar')
    const told = other.waitForResponse((answer) => answer.request().method() === 'POST')
    await other.locator('#add-hospitals').click()
    wrong((await told).status() !== 409, `the second editor is answered ${(await told).status()}`)
    await other.locator('#merge').waitFor()
    wrong((await other.locator('#merge input[name="mine"]').count()) !== 1, 'what was meant is not offered')
    await sound({ page: other, javaScript }, wrong, 'the merge')
    await other.locator('#merge-do').click()
    await other.waitForURL((url) => url.pathname === `/admin/pages/${id}`)
    await other.locator('[data-item]').nth(1).waitFor()
    wrong((await other.locator('[data-item]').count()) !== 2, 'one of the two changes is lost')
  })

const byKeyboard = ({ browser, demo }) =>
  story({ browser, demo }, [administrator(demo)], async ([visitor], wrong) => {
    const { page } = visitor
    await create(visitor, { zh: '键盘', en: 'Keys', slug: slugOf('keys') })
    const act = (id, key = 'Enter') => changing(page, async () => {
      await tabTo(page, id)
      await page.keyboard.press(key)
    })
    const focused = () => page.evaluate(() => document.activeElement?.id)
    await act('add-calendar')
    await act('add-hospitals')
    const [first] = await idsIn(page, 0)
    await act(`down-${first}`)
    wrong((await idsIn(page, 0))[1] !== first, 'it did not move down')
    await act(`next-${first}`)
    wrong((await idsIn(page, 1)).join() !== first, 'it did not move to the next region')
    await act(`size-${first}`, 'ArrowLeft')
    wrong(!(await sizeOf(page, first)).startsWith('11x'), 'an arrow on its corner does not make it narrower')
    wrong((await focused()) !== `size-${first}`, 'the focus is lost after making it narrower')
    const line = await page.locator('.rz').first().getAttribute('id')
    const before = Number(await page.locator(`#${line}`).getAttribute('aria-valuenow'))
    await act(line, 'ArrowLeft')
    wrong(Number(await page.locator(`#${line}`).getAttribute('aria-valuenow')) !== before - 1, 'an arrow on the line does not move it')
    wrong((await focused()) !== line, 'the focus is lost after moving the line')
    const width = async () => Number(await page.locator(`#${line}`).getAttribute('aria-valuenow'))
    await changing(page, () => page.keyboard.press('Control+z'))
    wrong((await width()) !== before, 'Ctrl+Z does not undo')
    await changing(page, () => page.keyboard.press('Control+Shift+z'))
    wrong((await width()) !== before - 1, 'Ctrl+Shift+Z does not redo')
    await page.locator('[data-finds]').first().fill('cal')
    const sent = []
    page.on('request', (request) => { if (request.method() === 'POST') sent.push(request.url()) })
    await page.keyboard.press('Control+z')
    await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 50)) }))
    wrong(sent.length > 0, 'Ctrl+Z in a field undoes a change of the page')
  })

export const designer = [
  ...[true, false].map((javaScript) => [`an administrator builds a page, a nurse sees it, ${javaScript ? 'with' : 'without'} scripts`,
    (world) => wholeStory({ ...world, javaScript })]),
  ...[true, false].map((javaScript) => [`two editors of one page merge, ${javaScript ? 'with' : 'without'} scripts`,
    (world) => twoEditorsMerge({ ...world, javaScript })]),
  ['a page is laid out by keyboard alone', byKeyboard],
]
