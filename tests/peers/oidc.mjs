// An independent authorization server for the tests, with a FHIR server behind it: oidc-provider signs patients in, and what it
// gives them opens the records of another FHIR server.
//
//   node oidc.mjs UPSTREAM REDIRECT_URI CLIENT_ID ACCESS_SECONDS [CLIENT_SECRET]
//
// One client is registered: with a secret it has to send it in the `Authorization` header, without one it is public. Access
// tokens live ACCESS_SECONDS, a refresh token is good once. Says `listening PORT` on standard output, and ends when standard
// input closes. FHIR is at /fhir, what the provider has seen and still knows is at /ledger.
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

const configuration = (issuer) => ({
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
      if (value !== `${issuer}/fhir`) throw new errors.InvalidRequest('aud is not this server')
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
    claims: () => ({ sub: id, fhirUser: `${issuer}/fhir/Patient/${patientOf(id)}` }),
  }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
})

// What happened, by the provider's own word.
const observed = (provider) => {
  const ledger = { issued: [], rotations: 0, endedGrants: 0, refusals: [] }
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

// What is not open is read with an access token that the provider knows.
const fhir = async (provider, issuer, request, response) => {
  const path = request.url.slice('/fhir'.length)
  if (path === '/.well-known/smart-configuration') return json(response, 200, smartConfiguration(issuer))
  if (path.split('?')[0] !== '/metadata') {
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    const token = bearer && (await provider.AccessToken.find(bearer))
    if (!token?.scopes.has('patient/*.read')) {
      const error = token ? 'insufficient_scope' : 'invalid_token'
      const status = token ? 403 : 401
      return json(response, status, { error }, { 'www-authenticate': `Bearer error="${error}"` })
    }
  }
  const headers = Object.fromEntries(
    ['accept', 'content-type', 'prefer'].flatMap((name) => (request.headers[name] ? [[name, request.headers[name]]] : [])),
  )
  const body = request.method === 'POST' ? await read(request) : undefined
  const answer = await fetch(upstream + path, { method: request.method, headers, body })
  // Its links lead to us: the next page too is behind the guard.
  const text = (await answer.text()).replaceAll(upstream, `${issuer}/fhir`)
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' }).end(text)
}

const serve = (server) => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, configuration(issuer))
  // What is opened stands beside the token (SMART App Launch, launch context).
  provider.use(async (ctx, next) => {
    await next()
    const account = ctx.oidc?.route === 'token' && ctx.status === 200 && ctx.oidc.entities.AccessToken?.accountId
    if (account) ctx.body = { ...ctx.body, patient: patientOf(account) }
  })
  const ledger = observed(provider)
  const others = provider.callback()
  server.on('request', async (request, response) => {
    try {
      if (request.url.startsWith('/fhir')) await fhir(provider, issuer, request, response)
      else if (request.url.startsWith('/interaction/')) await interaction(provider, request, response)
      else if (request.url === '/ledger') json(response, 200, await ledger())
      else await others(request, response)
    } catch (error) {
      console.error(error)
      json(response, 500, { error: String(error) })
    }
  })
  console.log(`listening ${server.address().port}`)
}

const server = http.createServer()
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => serve(server))
process.stdin.resume().on('end', () => process.exit(0))
