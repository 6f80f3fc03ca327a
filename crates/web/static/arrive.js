// An answer that stands behind the address is taken from there and sent on as a form; nothing of it stays in the history.
const form = document.getElementById('arrive')
const answer = new URLSearchParams(location.hash.slice(1))
history.replaceState(null, '', location.pathname)
for (const field of form.querySelectorAll('input')) {
  const values = answer.getAll(field.name)
  if (values.length === 1) field.value = values[0]
  else field.remove()
}
if (form.elements.state) form.submit()
else location.replace(form.dataset.otherwise)
