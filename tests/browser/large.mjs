// Twice the size (WCAG 1.4.4, 1.4.10): nothing lost, nothing to scroll sideways. And patients' pages: 18 px, 44 px.
import { atRecord, contextOf, ownPath, patientOf, signIn } from './people.mjs'

// What is cut off: text wider or higher than the box that hides the rest.
const cutOff = (page) => page.evaluate(() => [...document.querySelectorAll('main *, .pt *')]
  .filter((part) => {
    const style = getComputedStyle(part)
    const hides = style.overflowX === 'hidden' || style.overflowX === 'clip' || style.textOverflow === 'ellipsis'
    const own = [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '')
    return hides && own && !part.closest('.vh') && part.scrollWidth > part.clientWidth + 1
  })
  .map((part) => part.innerText.slice(0, 30)))

const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

const look = async (page, what, problems) => {
  const over = await sideways(page)
  if (over > 0) problems.push(`${what}: scrolls sideways by ${over} px`)
  for (const text of await cutOff(page)) problems.push(`${what}: cut off: ${text}`)
}

const large = async ({ browser, demo }) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 1440 })
  const page = await context.newPage()
  const problems = []
  try {
    const patient = await atRecord(page, demo)
    for (const path of [`${patient}/lab-results`, `${patient}/demographics`, '/patients', '/']) {
      // Zoom of 200 % is half as many pixels of the page's own.
      await page.setViewportSize({ width: 720, height: 450 })
      await page.goto(`${demo.internal.url}${path}`)
      await look(page, `${path} at 200 %`, problems)
      await page.setViewportSize({ width: 1440, height: 900 })
      await page.evaluate(() => { document.documentElement.style.fontSize = '200%' })
      await look(page, `${path} with text twice as large`, problems)
    }
    return problems
  } finally {
    await context.close()
  }
}

const plainPages = async ({ browser, demo }) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 390 })
  const page = await context.newPage()
  const problems = []
  try {
    await page.goto(`${demo.external.url}/sign-in`)
    const paths = ['/sign-in']
    await measure(page, '/sign-in', problems)
    await signIn(page, demo.external.url, patientOf(demo))
    const person = await ownPath(page, demo)
    const record = `${person}/record`
    for (const path of ['/', record, `${record}/demographics`, `${record}/lab-results`, '/no-such-page', ...paths.slice(1)]) {
      await page.goto(`${demo.external.url}${path}`)
      await measure(page, path, problems)
      await page.evaluate(() => { document.documentElement.style.fontSize = '200%' })
      await look(page, `${path} with text twice as large`, problems)
    }
    return problems
  } finally {
    await context.close()
  }
}

// Running text 18 px, asides 16 px, nothing of weight smaller; what can be pressed 44 px, but links inside a sentence.
const measure = async (page, path, problems) => {
  const found = await page.evaluate(() => {
    const wrong = []
    for (const part of document.querySelectorAll('main p, main li, main dd, main label, main button, main a')) {
      if (part.getClientRects().length === 0 || part.closest('.vh') || part.closest('svg')) continue
      const size = parseFloat(getComputedStyle(part).fontSize)
      const aside = part.closest('.sm, .hint, small, .tag, .mut, .src, .later, .seg, .rows p, .msg, .chart__key, label')
      if (size < (aside ? 15 : 18)) wrong.push(`${size} px: ${part.innerText.slice(0, 20)}`)
    }
    for (const part of document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')) {
      if (part.getClientRects().length === 0 || part.classList.contains('skip')) continue
      const inSentence = part.tagName === 'A' && getComputedStyle(part).display === 'inline'
      const target = part.classList.contains('vh') ? part.nextElementSibling : part
      const { height, width } = target.getBoundingClientRect()
      if (!inSentence && (height < 43.5 || width < 43.5)) wrong.push(`${Math.round(width)} × ${Math.round(height)}: ${(part.innerText || part.name || '').slice(0, 20)}`)
    }
    return wrong
  })
  problems.push(...found.map((one) => `${path}: ${one}`))
}

export const largeText = [
  ['nothing is lost at twice the size', large],
  ['patients’ pages are large enough to read and to press', plainPages],
]
