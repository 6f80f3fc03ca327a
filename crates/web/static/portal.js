// Comfort only: every page is complete without this file.
const root = document.documentElement
root.classList.add('scripted')

document.addEventListener('click', (event) => {
  if (event.target.closest?.('[data-print]')) window.print()
})

// Where the focus was, it stays; what has to be put right comes first.
let focused = ''
document.addEventListener('htmx:before:swap', () => { focused = document.activeElement?.id ?? '' })
document.addEventListener('htmx:after:swap', () => {
  if (document.activeElement !== document.body) return
  const problem = document.querySelector('#main .err')
  if (problem) problem.focus()
  else if (focused) document.getElementById(focused)?.focus({ preventScroll: true })
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

// Whoever goes on while a part is on its way gives it up: that is no error. A connection that fails is told a second
// later; by then a page that was left is gone.
addEventListener('beforeunload', () => {
  for (const element of document.querySelectorAll('.htmx-request')) element.dispatchEvent(new Event('htmx:abort'))
})
document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
  const ask = ctx.fetch
  ctx.fetch = (...asked) => ask(...asked).catch(async (error) => {
    await new Promise((resolve) => { setTimeout(resolve, 1000) })
    throw error
  })
})

// What is unfolded over a page goes when somebody turns elsewhere, or by Escape, which leads back to what unfolded it.
const fold = (unless) => {
  for (const more of document.querySelectorAll('.bar__more[open]')) if (!unless || !more.contains(unless)) more.open = false
}
document.addEventListener('click', ({ target }) => fold(target))
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape') return
  document.activeElement?.closest('.bar__more[open]')?.querySelector('summary').focus()
  fold()
})
