// An independent authorization server for the tests, and a FHIR server on an origin of its own: oidc-provider signs patients in,
// and what it gives them opens the records of another FHIR server. The FHIR server says in its smart-configuration where the
// provider is; it knows no tokens itself and asks the provider. A token opens its own patient alone: what is asked for and what
// comes is looked at.
//
//   node oidc.mjs UPSTREAM REDIRECT_URI CLIENT_ID ACCESS_SECONDS [CLIENT_SECRET]
//
// One client is registered: with a secret it has to send it in the `Authorization` header, without one it is public. Access
// tokens live ACCESS_SECONDS, a refresh token is good once. Says `listening PORT FHIR_PORT` on standard output, and ends when
// standard input closes. FHIR is at /fhir of its port, what both have seen and still know is at /ledger of the other.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import http from 'node:http'
import { errors, Provider } from 'oidc-provider'

const [upstream, redirectUri, clientId, accessSeconds, secret] = process.argv.slice(2)
// The first line of standard output is ours.
console.info = console.error
const SCOPES = 'openid fhirUser offline_access launch/patient patient/*.read'.split(' ')

const key = (kind, options, alg) => {
  const { privateKey } = generateKeyPairSync(kind, options)
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg }
}

// Whoever signs in as a patient's id is that patient; the account is called otherwise.
const ACCOUNT = 'account-of-'
const patientOf = (account) => account.slice(ACCOUNT.length)

const configuration = (issuer, base) => ({
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
  clients: [
    {
      client_id: clientId,
      ...(secret && { client_secret: secret }),
      token_endpoint_auth_method: secret ? 'client_secret_basic' : 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
    },
  ],
  scopes: SCOPES,
  claims: { openid: ['sub'], fhirUser: ['fhirUser'] },
  // `fhirUser` stands in the id_token, as SMART asks for.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
  },
  // SMART: a server looks whether it is its own data that is asked for.
  extraParams: {
    aud: (_, value) => {
      if (value !== base) throw new errors.InvalidRequest('aud is not this server')
    },
  },
  ttl: {
    AccessToken: Number(accessSeconds),
    AuthorizationCode: 60,
    Grant: 3600,
    IdToken: 600,
    Interaction: 600,
    RefreshToken: 3600,
    Session: 3600,
  },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, fhirUser: `${base}/Patient/${patientOf(id)}` }),
  }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
})

// What happened, by the provider's own word.
const observed = (provider, strayed) => {
  const ledger = { issued: [], rotations: 0, endedGrants: 0, refusals: [], strayed }
  provider.on('grant.success', (ctx) => {
    ledger.issued.push(ctx.body.refresh_token)
    if (ctx.oidc.params.grant_type === 'refresh_token') ledger.rotations += 1
  })
  provider.on('grant.revoked', () => (ledger.endedGrants += 1))
  for (const event of ['grant.error', 'authorization.error', 'revocation.error', 'server_error']) {
    provider.on(event, (_, error) => {
      // A patient's own no is none of the provider's.
      if (error.error !== 'access_denied') ledger.refusals.push(`${event}: ${error.error} ${error.error_detail ?? error.message}`)
    })
  }
  return async () => {
    const found = await Promise.all(ledger.issued.filter(Boolean).map((token) => provider.RefreshToken.find(token)))
    const { issued, ...rest } = ledger
    return { ...rest, usable: found.filter((token) => token && !token.consumed).length }
  }
}

const read = async (request) => {
  const parts = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts)
}

const json = (response, status, body, headers = {}) =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

// Two pages: who one is, then what one agrees to.
const interaction = async (provider, request, response) => {
  const { uid, prompt, params, session, grantId } = await provider.interactionDetails(request, response)
  if (request.method === 'GET') {
    const field =
      prompt.name === 'login'
        ? '<input name="patient">'
        : `<p>${params.scope}</p><button name="decision" value="allow">+</button><button name="decision" value="deny">-</button>`
    const page = `<!doctype html><form method="post" action="/interaction/${uid}">${field}</form>`
    response.writeHead(200, { 'content-type': 'text/html' }).end(page)
    return
  }
  const form = new URLSearchParams((await read(request)).toString())
  const decided = async () => {
    if (prompt.name === 'login') return { login: { accountId: ACCOUNT + form.get('patient') } }
    if (form.get('decision') !== 'allow') return { error: 'access_denied', error_description: 'the patient said no' }
    const known = grantId && (await provider.Grant.find(grantId))
    const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
    grant.addOIDCScope(params.scope)
    return { consent: { grantId: await grant.save() } }
  }
  await provider.interactionFinished(request, response, await decided(), { mergeWithLastSubmission: true })
}

const smartConfiguration = (issuer) => ({
  issuer,
  jwks_uri: `${issuer}/jwks`,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/token/revocation`,
  introspection_endpoint: `${issuer}/token/introspection`,
  authorization_response_iss_parameter_supported: true,
  grant_types_supported: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
  code_challenge_methods_supported: ['S256'],
  scopes_supported: SCOPES,
  capabilities: [
    'launch-standalone',
    'client-public',
    'client-confidential-symmetric',
    'context-standalone-patient',
    'permission-offline',
    'permission-patient',
    'sso-openid-connect',
  ],
})

// Types that are about nobody.
const NOBODYS = ['Medication', 'Practitioner', 'PractitionerRole', 'Organization', 'Location', 'HealthcareService']

// May this token's patient ask for this? Otherwise why not.
const strays = (own, path, query) => {
  const [kind, id, operation, ...rest] = path.split('/').filter(Boolean)
  const named = ['patient', 'subject', '_id'].flatMap((name) => query.getAll(name)).map((value) => value.replace(/^Patient\//, ''))
  if (rest.length || named.some((one) => one !== own)) return 'another patient'
  if (kind === 'Patient') return id ? id !== own && 'another patient' : !query.has('_id') && 'whose record?'
  if (operation) return 'no such operation'
  if (id || NOBODYS.includes(kind)) return false
  return !query.has('patient') && !query.has('subject') && 'whose record?'
}

// Does a resource name another patient than this?
const isAnothers = (own, value) =>
  value !== null &&
  typeof value === 'object' &&
  Object.entries(value).some(([name, member]) =>
    name === 'reference' && typeof member === 'string'
      ? /(^|\/)Patient\/([^/]+)/.test(member) && /(^|\/)Patient\/([^/]+)/.exec(member)[2] !== own
      : isAnothers(own, member),
  )

const outcome = (code) => ({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] })

// What is not open is read with an access token that the provider knows, of its patient alone.
const fhir = async (provider, { issuer, base, told, strayed }, request, response) => {
  if (!request.url.startsWith('/fhir')) return json(response, 404, outcome('not-found'))
  const url = new URL(request.url, base)
  const path = url.pathname.slice('/fhir'.length)
  if (path === '/.well-known/smart-configuration') return json(response, 200, smartConfiguration(issuer))
  let own
  if (path !== '/metadata') {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    const token = bearer && (await provider.AccessToken.find(bearer))
    if (!token?.scopes.has('patient/*.read')) {
      const error = token ? 'insufficient_scope' : 'invalid_token'
      const status = token ? 403 : 401
      return json(response, status, { error }, { 'www-authenticate': `Bearer error="${error}"` })
    }
    own = patientOf(token.accountId)
    // A further page is asked for by the address that was told, and by nobody else.
    const page = told.get(request.url)
    const why = page ? page !== own && 'a page of another patient' : request.method === 'GET' ? strays(own, path, url.searchParams) : 'only GET'
    if (why) {
      strayed.push(`${request.method} ${request.url}: ${why}`)
      return json(response, 403, outcome('forbidden'))
    }
  }
  const headers = request.headers.accept ? { accept: request.headers.accept } : {}
  const answer = await fetch(upstream + request.url.slice('/fhir'.length), { headers })
  // Its links lead to us: the next page too is behind the guard.
  const text = (await answer.text()).replaceAll(upstream, base)
  if (own && answer.ok) {
    const value = JSON.parse(text)
    if (isAnothers(own, value)) {
      strayed.push(`${request.url}: what came is another patient's`)
      return json(response, 403, outcome('forbidden'))
    }
    for (const { url: link } of value.link ?? []) if (link?.startsWith(base)) told.set(link.slice(base.length - '/fhir'.length), own)
  }
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' }).end(text)
}

const origin = (server) => `http://127.0.0.1:${server.address().port}`

// A server that answers with `handle`, and says what went wrong.
const answering = (server, handle) =>
  server.on('request', async (request, response) => {
    try {
      await handle(request, response)
    } catch (error) {
      console.error(error)
      json(response, 500, { error: String(error) })
    }
  })

const serve = (server, records) => {
  const [issuer, base] = [origin(server), `${origin(records)}/fhir`]
  const provider = new Provider(issuer, configuration(issuer, base))
  // What is opened stands beside the token (SMART App Launch, launch context).
  provider.use(async (ctx, next) => {
    await next()
    const account = ctx.oidc?.route === 'token' && ctx.status === 200 && ctx.oidc.entities.AccessToken?.accountId
    if (account) ctx.body = { ...ctx.body, patient: patientOf(account) }
  })
  const guard = { issuer, base, told: new Map(), strayed: [] }
  const ledger = observed(provider, guard.strayed)
  const others = provider.callback()
  answering(server, async (request, response) => {
    if (request.url.startsWith('/interaction/')) await interaction(provider, request, response)
    else if (request.url === '/ledger') json(response, 200, await ledger())
    else await others(request, response)
  })
  answering(records, (request, response) => fhir(provider, guard, request, response))
  console.log(`listening ${server.address().port} ${records.address().port}`)
}

const [server, records] = [http.createServer(), http.createServer()]
for (const one of [server, records]) one.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => records.listen(0, '127.0.0.1', () => serve(server, records)))
process.stdin.resume().on('end', () => process.exit(0))
