// What a page is made of beside its widgets: settings, colours, rules of regions, layouts of one's own, files, revisions; and
// what does not fit, which is said and loses nothing.
import { administrator, answered, changing, create, idsIn, items, press, publish, region, rev, slugOf, sound, story } from './desks.mjs'

const unfold = (page) => page.locator('#settings details').evaluateAll((all) => all.forEach((one) => { one.open = true }))

const SCRIPT = '"><script>globalThis.hit=1</script>'

const settings = async ({ page, url }, id, wrong) => {
  await press(page, '#add-links')
  const [item] = await idsIn(page, 0)
  // A colour that can't be read on another is said with its contrast, and what was typed stands there again.
  await page.goto(`${url}/admin/pages/${id}`)
  await unfold(page)
  const tokens = await page.locator('#settings input[name^="light-"]').evaluateAll((all) => all.map((one) => one.name))
  wrong(tokens.length < 4, 'a page’s colours can’t be set')
  const text = tokens.find((name) => /ink$|text/.test(name)) ?? tokens[0]
  const refused = async (value) => {
    await unfold(page)
    // What the browser would cut off is sent as well.
    await page.locator(`#settings input[name="${text}"]`).evaluate((one) => one.removeAttribute('maxlength'))
    await page.locator(`#settings input[name="${text}"]`).fill(value)
    await answered(page, () => page.locator('#save').click())
    await page.locator('#error').waitFor()
    wrong((await page.locator(`#settings input[name="${text}"]`).inputValue()) !== value, `“${value}” is gone from the form`)
    return page.locator('#error').innerText()
  }
  const unread = await refused('#fafafa')
  await sound({ page }, wrong, 'a colour that was refused')
  wrong(!/\d\.\d/.test(unread), 'what can’t be read is not said with its contrast')
  for (const value of ['red;}b{x:y', 'url(//a.example)', 'var(--x)', '#12345']) wrong(!(await refused(value)).includes('#rrggbb'), `“${value}” is taken for a colour`)
  await page.goto(`${url}/admin/pages/${id}`)
  await unfold(page)
  const themes = await page.locator('#s-theme option').evaluateAll((all) => all.map((one) => one.value))
  wrong(themes.length < 2, 'there are no themes to choose from')
  await page.locator('#s-theme').selectOption(themes.at(-1))
  await press(page, '#save')
  wrong((await page.locator('#s-theme').inputValue()) !== themes.at(-1), 'the theme is not kept')
  const node = await region(page, 1).getAttribute('data-region')
  await page.goto(`${url}/admin/pages/${id}?at=${node}`)
  await unfold(page)
  const skins = await page.locator('#s-skin option').evaluateAll((all) => all.map((one) => one.value))
  await page.locator('#s-skin').selectOption(skins.at(-1))
  await page.locator('#settings input[name="accepts"][value="calendar"]').check()
  await press(page, '#save')
  // The region takes calendars alone now: the next that takes the widget is the third one.
  await press(page, `#next-${item}`)
  wrong((await idsIn(page, 2)).join() !== item, 'a region takes what it does not accept')
}

const widths = async ({ page, url }, id, wrong) => {
  const seen = []
  for (const width of ['desktop', 'tablet', 'phone']) {
    await page.goto(`${url}/admin/pages/${id}/preview?as=nurse&width=${width}`)
    seen.push(Math.round((await page.locator('.pv').boundingBox()).width))
  }
  wrong(!(seen[0] > seen[1] && seen[1] > seen[2] && seen[2] <= 390), `the preview is ${seen.join(', ')} px wide`)
}

const layouts = async ({ page, url }, id, wrong) => {
  await page.goto(`${url}/admin/pages/${id}`)
  await page.locator('#own summary').click()
  const name = `Layout ${slugOf('l')}`
  await page.locator('#name-zh').fill('三区布局')
  await page.locator('#name-en').fill(name)
  await page.locator('#save-template').click()
  await page.waitForURL(/done=template-saved/)
  await page.goto(`${url}/admin/pages`)
  const own = await page.locator('#from option', { hasText: name }).getAttribute('value')
  const second = await create({ page, url }, { zh: '仿建', en: 'Alike', slug: slugOf('alike'), from: own })
  wrong((await page.locator('[data-region]').count()) !== 3, 'a page made of our own layout has other regions')
  wrong((await page.locator('[data-item]').count()) !== 0, 'a layout brings widgets along')
  // On a page that is there, ours stands beside the portal's.
  const divide = (label) => changing(page, () => page.locator('.presets label', { hasText: label }).click())
  await divide('One column')
  wrong((await page.locator('[data-region]').count()) !== 1, 'a ready layout does not divide the page')
  await divide(name)
  wrong((await page.locator('[data-region]').count()) !== 3, 'our own layout does not divide the page')
  await page.goto(`${url}/admin/pages`)
  await page.locator('li', { hasText: name }).locator('button').click()
  await page.waitForURL(/done=template-removed/)
  wrong((await page.locator('#from option', { hasText: name }).count()) !== 0, 'the layout is still there')
  return second
}

// Out as a file and in again; what is no file of a page, or has a widget nobody knows, changes nothing.
const files = async ({ page, url }, id, wrong) => {
  const file = await (await page.request.get(`${url}/admin/pages/${id}/file`)).text()
  await page.goto(`${url}/admin/pages/${id}`)
  const before = await page.locator('[data-item]').count()
  await press(page, '#add-calendar')
  const bring = async (text) => {
    await page.goto(`${url}/admin/pages`)
    await page.locator('#file').fill(text)
    await page.locator('#import').click()
    await page.locator('#error, #ops').first().waitFor({ state: 'attached' })
  }
  await bring(file)
  wrong((await page.locator('[data-item]').count()) !== before, 'the file does not bring back what it held')
  for (const text of ['{', '{"format":"other"}']) {
    await bring(text)
    wrong((await page.locator('#error').count()) !== 1, `“${text}” is taken for a page`)
    wrong((await page.locator('#file').inputValue()) !== text, 'the file that was refused is gone')
  }
  // A widget that nobody knows here stays on the page, with its settings, and is said to be unknown.
  await bring(file.replace(/"kind":\s*"links"/, '"kind":"no-such-widget"'))
  wrong((await page.locator('.wg--gone').count()) !== 1, 'a widget that nobody knows is not marked')
  wrong(!(await page.locator('main .note').allInnerTexts()).join().includes('no-such-widget'), 'a widget that nobody knows is not named')
  wrong((await page.locator('[data-item]').count()) !== before, 'a widget that nobody knows is lost')
  await page.goto(`${url}/admin/pages/${id}/preview`)
  wrong((await page.locator('.pv').count()) !== 1, 'the preview of a widget that nobody knows fails')
  await bring(file)
}

const compares = async ({ page, url }, id, wrong) => {
  await publish(page, url, id, SCRIPT)
  await page.goto(`${url}/admin/pages/${id}`)
  await press(page, '#add-hospitals')
  await page.goto(`${url}/admin/pages/${id}/revisions`)
  wrong((await page.locator('section[aria-labelledby="r1"] tbody tr').count()) < 1, 'what changed since the revision is not listed')
  wrong(!(await page.locator('main').innerText()).includes('<script>'), 'the note does not show as it was written')
}

const everythingElse = ({ browser, demo }) =>
  story({ browser, demo }, [administrator(demo)], async ([visitor], wrong) => {
    const id = await create(visitor, { zh: '设置', en: 'Settings', slug: slugOf('set') })
    await settings(visitor, id, wrong)
    await widths(visitor, id, wrong)
    await layouts(visitor, id, wrong)
    await files(visitor, id, wrong)
    await compares(visitor, id, wrong)
  })

const searchesThePalette = ({ browser, demo }) =>
  story({ browser, demo }, [administrator(demo), administrator(demo, { javaScript: false })], async (visitors, wrong) => {
    for (const { page, url, javaScript } of visitors) {
      await create({ page, url }, { zh: '查找', en: 'Find', slug: slugOf('find') })
      const all = await page.locator('[data-kind]:visible').count()
      await page.locator('#find').fill('calend')
      if (!javaScript) {
        await page.locator('.pal__find button').click()
        await page.waitForURL(/find=calend/)
      }
      const found = await page.locator('[data-kind]:visible').count()
      wrong(found < 1 || found >= all, `of ${all} widgets ${found} are found by “calend”`)
      wrong(!(await page.locator('[data-kind="calendar"]').isVisible()), 'the calendar is not among them')
    }
  })

const hostileWords = ({ browser, demo }) =>
  story({ browser, demo }, [administrator(demo)], async ([visitor], wrong) => {
    const { page, url } = visitor
    const id = await create(visitor, { zh: SCRIPT, en: SCRIPT, slug: slugOf('words') })
    await press(page, '#add-calendar')
    await page.locator('#s-title-zh').fill(SCRIPT)
    await page.locator('#s-title-en').fill(SCRIPT)
    await press(page, '#save')
    for (const path of ['', '/preview', '/revisions', '?find=%22%3E%3Cscript%3EglobalThis.hit%3D1%3C/script%3E', `?at=${encodeURIComponent(SCRIPT)}&done=${encodeURIComponent(SCRIPT)}`]) {
      await page.goto(`${url}/admin/pages/${id}${path}`)
      wrong(await page.evaluate(() => globalThis.hit), `the script ran on ${path || 'the designer'}`)
      wrong(!(await page.locator('main').innerText()).includes('<script>'), `the words are not shown on ${path || 'the designer'}`)
    }
    // What does not fit is said at the field, and nothing is lost.
    await page.goto(`${url}/admin/pages/${id}`)
    await page.locator('#s-slug').fill('Not A Slug')
    await page.locator('#save').click()
    await page.locator('#error').waitFor()
    wrong((await page.locator('#s-slug').inputValue()) !== 'Not A Slug', 'what was typed is gone')
  })

// Forms that no page sends any more: about what was taken away, of another revision, of a widget that nobody knows.
const staleForms = ({ browser, demo }) =>
  story({ browser, demo }, [administrator(demo)], async ([visitor], wrong) => {
    const { page, url } = visitor
    const id = await create(visitor, { zh: '过期', en: 'Stale', slug: slugOf('stale') })
    await press(page, '#add-calendar')
    const [item] = await idsIn(page, 0)
    const gone = await region(page, 2).getAttribute('data-region')
    const token = await page.locator('#ops input[name="csrf_token"]').getAttribute('value')
    await page.goto(`${url}/admin/pages/${id}?at=${gone}`)
    await press(page, `button[value="remove-region:${gone}"]`)
    const held = await rev(page)
    const post = (form) => page.request.post(`${url}/admin/pages/${id}`, { form: { rev: held, ...form, csrf_token: token }, headers: { origin: url } })
    const acts = [
      [{ op: 'move', node: item, to: gone, at: '0' }, [409]], [{ op: 'region', node: gone, max: '3' }, [409]], [{ do: `add:no-such-widget` }, [409]],
      [{ do: 'up:no-such-item' }, [409]], [{ do: 'divide:no-such' }, [409]], [{ op: 'size', node: item, to: '999999x-1' }, [409, 200, 422]], [{ do: 'undo', rev: '1' }, [409]],
      [{ do: `remove:${item}`, rev: '999999' }, [409]],
    ]
    for (const [form, expected] of acts) {
      const answer = await post(form)
      const text = await answer.text()
      wrong(!expected.includes(answer.status()), `${JSON.stringify(form)} answers ${answer.status()}`)
      wrong(answer.status() >= 400 && !text.includes('id="error"'), `${JSON.stringify(form)} is not refused in words`)
    }
    await page.goto(`${url}/admin/pages/${id}`)
    wrong((await items(page, 0).count()) !== 1, 'what was refused has changed the page')
  })

export const designs = [
  ['a page’s settings, colours, layouts, files and revisions', everythingElse],
  ['the palette of widgets is searched, with and without scripts', searchesThePalette],
  ['script in a page’s words is harmless', hostileWords],
  ['forms about what is gone are refused in words', staleForms],
]
