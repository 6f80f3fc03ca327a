// Two tabs of one session, two patients, many interleaved actions: nothing of one is ever on the page of the other.
import { clinicianOf, contextOf, openRecord, search, signIn } from './people.mjs'

// In the usual run, and in all modes.
const ACTIONS = 250
const ALL_ACTIONS = 1000
const BY_HAND = 40
const AT_ONCE = 6
const SECTIONS = ['demographics', 'demographics', 'lab-results', 'demographics', 'demographics', 'lab-results?abnormal=1']

const unescape = (text) => text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))

// Two patients of other names, with what tells their pages apart; of few hospitals, since every page asks all of them.
const twoPatients = async (page, demo) => {
  const found = []
  const few = [...demo.patients].sort((a, b) => a.hospitals.length - b.hospitals.length)
  for (const patient of few) {
    if (found.length === 2) break
    if (found.some((other) => other.name === patient.name)) continue
    const [path] = await search(page, demo.internal.url, patient.name)
    if (!path || found.some((other) => other.path === path)) continue
    const answer = await openRecord(page, demo, `${path}/demographics`)
    if (answer.status() !== 200) continue
    const said = await page.evaluate(() => ({ pid: document.documentElement.dataset.pid, name: document.querySelector('.pt__name').innerText }))
    found.push({ path, ...said })
  }
  if (found.length < 2) throw new Error('the region has no two patients of other names')
  return found
}

const crossing = (text, own, other) => {
  const plain = unescape(text)
  if (!plain.includes(`data-pid="${own.pid}"`)) return 'the page is not of the patient it was asked for'
  if (plain.includes(other.pid) || plain.includes(other.path)) return 'the page holds something of the other patient'
  return undefined
}

const interleave = async ({ browser, demo, all }) => {
  const actions = all ? ALL_ACTIONS : ACTIONS
  const context = await contextOf(browser, { language: 'zh-CN', width: 1440 })
  const tabs = [await context.newPage(), await context.newPage()]
  try {
    await signIn(tabs[0], demo.internal.url, clinicianOf(demo))
    const patients = await twoPatients(tabs[0], demo)
    const problems = []
    let done = 0

    // By hand, in the browser: sections are clicked in turn in either tab, most often before the other has finished.
    await Promise.all(tabs.map((tab, nth) => tab.goto(`${demo.internal.url}${patients[nth].path}/demographics`)))
    for (let action = 0; action < BY_HAND; action += 2) {
      await Promise.all(tabs.map(async (tab, nth) => {
        const own = patients[nth]
        const slug = ['lab-results', 'demographics'][(action / 2) % 2]
        await tab.locator(`.side a[href="${own.path}/${slug}"]`).click()
        await tab.waitForURL(`**${own.path}/${slug}`)
        await tab.locator(`.side a[href="${own.path}/${slug}"][aria-current="page"]`).waitFor()
        const shown = await tab.evaluate(() => ({
          pid: document.documentElement.dataset.pid, name: document.querySelector('.pt__name').innerText, title: document.title,
        }))
        if (shown.pid !== own.pid || shown.name !== own.name || !shown.title.includes(own.name)) {
          problems.push(`tab ${nth} shows ${JSON.stringify(shown)} instead of ${own.name}`)
        }
        done += 1
      }))
    }

    // The rest as fast as they go, with the same session, several at once.
    const ask = async (action) => {
      const [own, other] = action % 2 === 0 ? patients : [...patients].reverse()
      const section = SECTIONS[action % SECTIONS.length]
      const answer = await context.request.get(`${demo.internal.url}${own.path}/${section}`, {
        headers: { accept: 'text/html', ...(action % 3 === 0 ? { 'hx-request': 'true', 'hx-boosted': 'true' } : {}) },
      })
      const wrong = answer.status() === 200 ? crossing(await answer.text(), own, other) : `status ${answer.status()}`
      if (wrong) problems.push(`action ${action} (${section}): ${wrong}`)
      done += 1
    }
    let next = done
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (next < actions && problems.length < 5) {
        const action = next
        next += 1
        await ask(action)
      }
    }))
    if (problems.length === 0 && done !== actions) problems.push(`${done} actions were done, not ${actions}`)
    return problems
  } finally {
    await context.close()
  }
}

export const tabs = [['two tabs, two patients, hundreds of actions: nothing crosses', interleave]]
