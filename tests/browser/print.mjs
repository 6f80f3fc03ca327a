// Every printed page says whose it is, which page of how many, who printed it and when, and which hospital is missing.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atRecord, behave, contextOf, sharedPatient } from './people.mjs'

export const pagesOf = (pdf) => {
  const folder = mkdtempSync(join(tmpdir(), 'portal-print-'))
  try {
    writeFileSync(join(folder, 'a.pdf'), pdf)
    const text = execFileSync('pdftotext', ['-layout', join(folder, 'a.pdf'), '-'], { encoding: 'utf8' })
    return text.split('\f').filter((page) => page.trim() !== '')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// Pictures of a print's pages, `name.print-1.png` and so on.
export const picturesOf = (pdf, shots, name) => {
  const folder = mkdtempSync(join(tmpdir(), 'portal-print-'))
  try {
    writeFileSync(join(folder, 'a.pdf'), pdf)
    execFileSync('pdftoppm', ['-r', '80', '-png', join(folder, 'a.pdf'), join(folder, 'p')])
    const pictures = readdirSync(folder).filter((file) => file.endsWith('.png')).sort()
    pictures.forEach((file, nth) => renameAcross(join(folder, file), join(shots, `${name}.print-${nth + 1}.png`)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
const renameAcross = (from, to) => {
  try {
    renameSync(from, to)
  } catch {
    execFileSync('mv', [from, to])
  }
}

const squeeze = (text) => text.replace(/\s+/g, '')

const everyPageSaysWhose = (missing) => async ({ browser, demo, shots }) => {
  const context = await contextOf(browser, { language: 'zh-CN', width: 1440 })
  const page = await context.newPage()
  const silent = missing ? sharedPatient(demo).hospitals[1] : undefined
  try {
    const patient = await atRecord(page, demo, 'demographics')
    if (silent) await behave(demo, silent, 'down')
    // Through the section list, as people come: what the first page said of itself must not be printed on the second.
    await page.locator(`.side a[href="${patient}/lab-results"]`).click()
    await page.locator(`.side a[href="${patient}/lab-results"][aria-current="page"]`).waitFor()
    if (silent) await page.goto(`${demo.internal.url}${patient}/lab-results?refresh=true`)
    const said = await page.evaluate(() => ({
      pid: document.documentElement.dataset.pid,
      printed: document.documentElement.dataset.printed,
      missing: document.documentElement.dataset.missing,
      name: document.querySelector('.pt__name').innerText,
      born: document.querySelector('.pt time').innerText,
    }))
    const pdf = await page.pdf({ preferCSSPageSize: true })
    if (shots) picturesOf(pdf, shots, missing ? 'lab-results.partial' : 'lab-results')
    const pages = pagesOf(pdf)
    const problems = []
    if (pages.length < 2) problems.push(`one page alone: ${pages.length}`)
    if (missing && !said.missing) problems.push('the page does not say who is missing')
    if (!missing && said.missing) problems.push(`the page says ${said.missing}`)
    pages.forEach((text, nth) => {
      const squeezed = squeeze(text)
      const wanted = [said.name, said.born, said.pid, said.printed, `${nth + 1}/${pages.length}`, ...(missing ? [said.missing] : [])]
      for (const one of wanted) {
        if (!squeezed.includes(squeeze(one ?? '?'))) problems.push(`page ${nth + 1} of ${pages.length} does not say ${one}`)
      }
    })
    return problems
  } finally {
    if (silent) await behave(demo, silent, 'ok')
    await context.close()
  }
}

export const print = [
  ['every printed page says whose it is, and by whom', everyPageSaysWhose(false)],
  ['a print says on every page which hospital is missing', everyPageSaysWhose(true)],
]
