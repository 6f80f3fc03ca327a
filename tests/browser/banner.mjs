// Whose record it is stays in view, at any scroll position, wide and narrow.
import { atRecord, contextOf } from './people.mjs'

const STEPS = 12

const staysInView = (width) => async ({ browser, demo }) => {
  const context = await contextOf(browser, { language: 'zh-CN', width })
  const page = await context.newPage()
  try {
    await atRecord(page, demo)
    const problems = []
    const length = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)
    if (length < 300) problems.push(`the page is only ${length} px longer than the window: nothing is shown by it`)
    for (let step = 0; step <= STEPS; step += 1) {
      const seen = await page.evaluate((to) => {
        scrollTo(0, to)
        const banner = document.querySelector('.pt').getBoundingClientRect()
        // The element on top where each of the particulars is.
        const covered = [...document.querySelectorAll('.pt__name, .pt__sex, .pt dd, .pt .alg')]
          .filter((part) => part.getClientRects().length > 0)
          .filter((part) => {
            const { left, top, width: wide, height } = part.getBoundingClientRect()
            const above = document.elementFromPoint(left + Math.min(wide / 2, 20), top + height / 2)
            return !(above && (part.contains(above) || above.contains(part)))
          })
          .map((part) => part.innerText)
        return { at: scrollY, bar: document.querySelector('.bar').offsetHeight, top: banner.top, bottom: banner.bottom, window: innerHeight, covered }
      }, Math.round((length * step) / STEPS))
      // Before the bar above it has scrolled away the banner stands below the bar, then at the top for good.
      const highest = Math.max(0, seen.bar - seen.at)
      if (seen.top < -1 || seen.top > highest) problems.push(`scrolled to ${seen.at}: the banner is at ${seen.top}`)
      if (seen.bar > 150) problems.push(`the bar above the banner is ${seen.bar} px high`)
      if (seen.bottom > seen.window * 0.45) problems.push(`scrolled to ${seen.at}: the banner takes ${seen.bottom} of ${seen.window} px`)
      if (seen.covered.length > 0) problems.push(`scrolled to ${seen.at}: covered: ${seen.covered.join(', ')}`)
    }
    return problems
  } finally {
    await context.close()
  }
}

export const banner = [
  ['the banner stays in view at 1440 px', staysInView(1440)],
  ['the banner stays in view at 390 px', staysInView(390)],
]
