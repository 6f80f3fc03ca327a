// Comfort only: dragging, and an answer without leaving the page. Everything here ends in a form of the page that anybody
// can send without scripts; the server decides, and its answer is what is shown.
const send = (values) => {
  const form = document.getElementById('ops')
  if (!form) return
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value
  form.requestSubmit()
}

// What a pointer or a key does to a size, within its limits.
const between = (value, low, high) => Math.min(high, Math.max(low, value))
const number = (element, name) => Number(element.getAttribute(name))
const replaceClass = (element, stem, value) => {
  for (const name of [...element.classList]) if (new RegExp(`^${stem}\\d+$`).test(name)) element.classList.remove(name)
  element.classList.add(`${stem}${value}`)
}

// Items within and between regions, and from the palette into one.
const lists = () => {
  const dropped = ({ item, from, to, newDraggableIndex: at, oldDraggableIndex: was }) => {
    if (!to.dataset.region || (from === to && at === was)) return
    if (item.dataset.kind) send({ op: 'add', node: item.dataset.kind, to: to.dataset.region, at })
    else send({ op: 'move', node: item.dataset.item, to: to.dataset.region, at })
  }
  const common = { animation: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 120, draggable: '[data-item],[data-kind]', forceFallback: true, fallbackOnBody: true, preventOnFilter: false, onEnd: dropped }
  for (const list of document.querySelectorAll('[data-region]')) {
    if (list.dataset.locked !== undefined) continue
    Sortable.create(list, { ...common, group: 'items', handle: '.wg__grip', filter: '[data-locked]' })
  }
  for (const list of document.querySelectorAll('[data-palette]')) {
    Sortable.create(list, { ...common, group: { name: 'items', pull: 'clone', put: false }, sort: false, filter: 'button' })
  }
}

// The line between two neighbours: pointer, arrows, Home and End. The width is said in twelfths.
const splitter = (line) => {
  const left = line.parentElement
  const right = left.nextElementSibling
  const both = () => number(line, 'aria-valuemax') + number(line, 'aria-valuemin')
  const show = (value) => {
    line.setAttribute('aria-valuenow', value)
    replaceClass(left, 'c', value)
    if (right) replaceClass(right, 'c', both() - value)
  }
  const limited = (value) => between(value, number(line, 'aria-valuemin'), number(line, 'aria-valuemax'))
  const done = (before) => {
    const now = number(line, 'aria-valuenow')
    if (now !== before) send({ op: 'width', node: line.dataset.node, to: '', at: now })
  }
  line.addEventListener('keydown', (event) => {
    const before = number(line, 'aria-valuenow')
    const step = { ArrowLeft: before - 1, ArrowRight: before + 1, Home: number(line, 'aria-valuemin'), End: number(line, 'aria-valuemax') }[event.key]
    if (step === undefined) return
    event.preventDefault()
    show(limited(step))
    done(before)
  })
  line.addEventListener('pointerdown', (event) => {
    event.preventDefault()
    line.focus()
    line.setPointerCapture(event.pointerId)
    const before = number(line, 'aria-valuenow')
    const column = left.parentElement.getBoundingClientRect().width / 12
    const move = (moved) => show(limited(before + Math.round((moved.clientX - event.clientX) / column)))
    line.addEventListener('pointermove', move)
    const end = () => {
      line.removeEventListener('pointermove', move)
      done(before)
    }
    line.addEventListener('pointerup', end, { once: true })
    line.addEventListener('pointercancel', () => { line.removeEventListener('pointermove', move); show(before) }, { once: true })
  })
}

// The corner of the chosen item: its height in rows and its width in twelfths of the region.
const corner = (handle) => {
  const item = handle.closest('[data-item]')
  const size = () => [Number(item.dataset.columns), Number(item.dataset.rows)]
  const before = size()
  const show = ([columns, rows]) => {
    item.dataset.columns = columns
    item.dataset.rows = rows
    replaceClass(item, 'wg--w', columns)
    replaceClass(item, 'wg--h', rows)
  }
  const done = () => {
    const [columns, rows] = size()
    if (columns !== before[0] || rows !== before[1]) send({ op: 'size', node: item.dataset.item, to: `${columns}x${rows}`, at: '' })
  }
  const least = Number(handle.dataset.least)
  const limited = ([columns, rows]) => [between(columns, least, 12), between(rows, 1, 12)]
  handle.addEventListener('keydown', (event) => {
    const [columns, rows] = size()
    const step = { ArrowLeft: [columns - 1, rows], ArrowRight: [columns + 1, rows], ArrowUp: [columns, rows - 1], ArrowDown: [columns, rows + 1] }[event.key]
    if (!step) return
    event.preventDefault()
    show(limited(step))
    done()
  })
  handle.addEventListener('pointerdown', (event) => {
    event.preventDefault()
    handle.focus()
    handle.setPointerCapture(event.pointerId)
    const column = item.parentElement.getBoundingClientRect().width / 12
    const move = (moved) => show(limited([
      before[0] + Math.round((moved.clientX - event.clientX) / column), before[1] + Math.round((moved.clientY - event.clientY) / 16),
    ]))
    handle.addEventListener('pointermove', move)
    handle.addEventListener('pointerup', () => { handle.removeEventListener('pointermove', move); done() }, { once: true })
    handle.addEventListener('pointercancel', () => { handle.removeEventListener('pointermove', move); show(before) }, { once: true })
  })
}

const palette = (field) => {
  field.addEventListener('input', () => {
    const words = field.value.trim().toLowerCase()
    for (const one of document.querySelectorAll('[data-kind]')) one.hidden = !one.dataset.find.toLowerCase().includes(words)
  })
}

// A file goes into the field that is sent; nothing is sent before somebody presses the button.
for (const choice of document.querySelectorAll('[data-reads]')) {
  choice.addEventListener('change', async () => {
    const [file] = choice.files
    if (file) document.getElementById(choice.dataset.reads).value = await file.text()
  })
}

// Undoing and redoing as everywhere, but not where somebody is writing: there the keys mean the text.
document.addEventListener('keydown', (event) => {
  const writing = event.target.closest('input,textarea,select,[contenteditable]')
  if (writing || event.altKey || !(event.ctrlKey || event.metaKey)) return
  const key = event.key.toLowerCase()
  const meant = key === 'y' || (key === 'z' && event.shiftKey) ? 'redo' : key === 'z' ? 'undo' : undefined
  const button = meant && document.getElementById(meant)
  if (!button) return
  event.preventDefault()
  button.click()
})

// A swap may be told more than once: what was begun is not begun again.
const begun = new WeakSet()
const begin = () => {
  const form = document.getElementById('ops')
  if (!form || begun.has(form)) return
  begun.add(form)
  lists()
  for (const line of document.querySelectorAll('.rz')) splitter(line)
  for (const handle of document.querySelectorAll('.wg__size')) corner(handle)
  for (const field of document.querySelectorAll('[data-finds]')) palette(field)
  for (const choice of document.querySelectorAll('[data-sends] input,[data-sends] select')) {
    choice.addEventListener('change', () => choice.form.requestSubmit())
  }
}

// Where the answer says what was meant, the focus goes there; a control that is still there keeps it (portal.js).
const refocus = () => {
  if (document.activeElement !== document.body) return
  const meant = document.querySelector('[data-focus]')?.dataset.focus
  if (meant) document.getElementById(meant)?.focus({ preventScroll: true })
}

begin()
document.addEventListener('htmx:after:swap', () => {
  begin()
  refocus()
})
