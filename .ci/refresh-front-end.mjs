// Fetches the front-end files that are not ours again and writes crates/web/static/LOCK.toml. Run by hand, by a person
// who then reads the difference:
//
//   node .ci/refresh-front-end.mjs
//
// `cargo xtask front-end` (part of the tests) holds every file against its digest. Needs npm; nothing else does.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HTMX = '4.0.1'
const LUCIDE = '1.62.0'
const SORTABLE = '1.15.7'
// Icons beyond those already in the sprite: name them here, run, and they are there.
const NEW_ICONS = [
  'undo-2', 'redo-2', 'grip-vertical', 'arrow-up', 'arrow-down', 'arrow-left-right', 'trash-2', 'move', 'settings', 'key-round', 'plus', 'minus',
  'copy', 'download', 'upload', 'layout-dashboard', 'palette', 'send', 'git-merge', 'eye-off', 'rotate-ccw', 'newspaper', 'book-open',
  'message-square', 'megaphone', 'blocks', 'unfold-horizontal', 'chevron-down',
]

const statics = join(dirname(fileURLToPath(import.meta.url)), '../crates/web/static')
const work = mkdtempSync(join(tmpdir(), 'front-end-'))
const unpack = (name, version) => {
  const said = execFileSync('npm', ['pack', '--silent', `${name}@${version}`], { cwd: work, encoding: 'utf8' })
  execFileSync('tar', ['xf', said.trim().split('\n').at(-1)], { cwd: work })
  const folder = join(work, `${name}-${version}`)
  execFileSync('mv', ['package', folder], { cwd: work })
  return folder
}
const locked = []
const keep = (path, content, { name, version, licence, homepage }) => {
  writeFileSync(join(statics, path), content)
  const sha256 = createHash('sha256').update(content).digest('hex')
  locked.push({ path, name, version, licence, homepage, sha256 })
}

const symbolOf = (icons, name) => {
  const source = readFileSync(join(icons, `${name}.svg`), 'utf8').replace(/<!--.*?-->/gs, '')
  const inner = /<svg[^>]*>(.*)<\/svg>/s.exec(source)[1].replace(/\s*\n\s*/g, '').replace(/ \/>/g, '/>')
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`
}
const sprite = (icons) => {
  const old = readFileSync(join(statics, 'icons.svg'), 'utf8')
  const names = [...old.matchAll(/<symbol id="([a-z0-9-]+)"/g)].map((match) => match[1])
  const head = old.slice(0, old.indexOf('<symbol')).replace(/Lucide [\d.]+ /, `Lucide ${LUCIDE} `)
  const own = /<symbol id="brand".*?<\/symbol>/s.exec(old)[0]
  const all = [...new Set([...names, ...NEW_ICONS])].filter((name) => name !== 'brand')
  return `${head}${all.map((name) => symbolOf(icons, name)).join('\n')}\n${own}\n</svg>\n`
}

try {
  const htmx = unpack('htmx.org', HTMX)
  const about = { name: 'htmx.org', version: HTMX, licence: '0BSD', homepage: 'https://htmx.org' }
  keep('htmx.min.js', readFileSync(join(htmx, 'dist/htmx.min.js')), about)
  keep('hx-csp.min.js', readFileSync(join(htmx, 'dist/ext/hx-csp.min.js')), about)
  keep('htmx.LICENSE.txt', readFileSync(join(htmx, 'LICENSE')), about)
  const sortable = unpack('sortablejs', SORTABLE)
  const drag = { name: 'sortablejs', version: SORTABLE, licence: 'MIT', homepage: 'https://sortablejs.github.io/Sortable/' }
  keep('sortable.min.js', readFileSync(join(sortable, 'Sortable.min.js')), drag)
  keep('sortable.LICENSE.txt', readFileSync(join(sortable, 'LICENSE')), drag)
  const lucide = unpack('lucide-static', LUCIDE)
  const icons = { name: 'lucide-static', version: LUCIDE, licence: 'ISC AND MIT', homepage: 'https://lucide.dev' }
  keep('icons.svg', sprite(join(lucide, 'icons')), icons)
  keep('icons.LICENSE.txt', readFileSync(join(statics, 'icons.LICENSE.txt')), icons)
} finally {
  rmSync(work, { recursive: true, force: true })
}
const entry = (file) => `\n[[file]]\n${Object.entries(file).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n')}\n`
writeFileSync(join(statics, 'LOCK.toml'), `# Front-end files that are not ours, as they lie in this folder. A test compares the digests.
# Written by .ci/refresh-front-end.mjs. The sprite holds one <symbol> an icon, attributes of the outer <svg> dropped (the
# stylesheet's class "i" sets stroke and fill); "brand" is the portal's own.
${locked.map(entry).join('')}`)
