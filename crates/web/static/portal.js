// Comfort only: every page is complete without this file.
const root = document.documentElement
root.classList.add('scripted')

document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-print]')) window.print()
})

// Where the focus was, it stays.
let focused = ''
document.addEventListener('htmx:before:swap', () => { focused = document.activeElement?.id ?? '' })
document.addEventListener('htmx:after:swap', () => {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true })
})

// Page footers of a print are written on the root element, which no swap reaches: what the new content says about
// itself goes there, and what it does not say goes away.
document.addEventListener('htmx:after:swap', () => {
  const said = document.getElementById('main')?.dataset ?? {}
  for (const name of ['pid', 'printed', 'missing']) {
    if (said[name] === undefined) delete root.dataset[name]
    else root.dataset[name] = said[name]
  }
})
