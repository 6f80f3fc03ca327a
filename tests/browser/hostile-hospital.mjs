// A hospital whose every text is markup that means harm (hostile.txt), as a FHIR server of its own; and portals that have
// no other hospital.
import { execFile, spawn } from 'node:child_process'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const RESIDENT_ID = { system: 'urn:oid:2.16.156.10011.1.3', value: '999009196403180328' }
const VISITS = 12
// What a script leaves that ran.
const MARK = '(self.ran=(self.ran||0)+1,alert(1))'

// `hostile.txt` with this origin as the other one: [{ nth, text }].
export const snippetsFor = (evil) => {
  const lines = readFileSync(new URL('hostile.txt', import.meta.url), 'utf8').split('\n')
  const filled = (line) => line.replaceAll('¶', '\n').replace(/‹([0-9a-f]+)›/g, (_, code) => String.fromCodePoint(parseInt(code, 16)))
    .replaceAll('EVILHOST', evil.replace('http://', '')).replaceAll('EVIL', evil).replaceAll('RUN', MARK)
  return lines.filter((line) => line !== '' && !line.startsWith('# ')).map((line, nth) => ({ nth, text: filled(line) }))
}

// Before each snippet, so that none is merged with another and every one is found again.
export const tagOf = (nth) => `Zq${String(nth).padStart(3, '0')}`

// Bytes that are not what they are said to be: [content type, bytes].
const gbk = (text) => Buffer.concat([Buffer.from([0xb2, 0xa1, 0xc0, 0xfa]), Buffer.from(text, 'latin1')])
const BYTES = [
  ['text/html; charset=utf-8', gbk(`<p title="\x81" onmouseover=${MARK} x="\x82">x<img src=x onerror=${MARK}>`)],
  ['text/html', gbk(`<img title="\xbf"onerror=${MARK} src=x>\x81<script>${MARK}</script>`)],
  ['text/html; charset=utf-7', Buffer.from(`+ADw-script+AD4-${MARK}+ADw-/script+AD4-`)],
  ['text/html; charset=utf-16', Buffer.from(`\ufeff<script>${MARK}</script>`, 'utf16le')],
  ['text/html', Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from(`<script>${MARK}</script>`)])],
  ['text/html', Buffer.from(`<p>\x00<scr\x00ipt>${MARK}</scr\x00ipt>\xc0\xbcscript\xc0\xbe`, 'latin1')],
  ['application/xhtml+xml', Buffer.from(`<html xmlns="http://www.w3.org/1999/xhtml"><script>${MARK}</script></html>`)],
  ['image/svg+xml', Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="${MARK}"/>`)],
]

// Long enough ago for a patient to see it, near enough to be on the page.
const dayOf = (days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
const WHEN = dayOf(40)
const CODE = 'urn:oid:1.2.3.4'

// As a name is kept: a hundred characters at most.
export const nameOf = ({ nth, text }) => [...`${'Qaa Qab Qac'.split(' ')[nth % 3]} ${nth} ${text}`].slice(0, 90).join('').replace(/\s+/g, ' ').trim()

const resourcesOf = (snippets) => {
  const subject = { reference: 'Patient/main' }
  const said = ({ nth, text }) => `${tagOf(nth)} ${text}`
  // Every second one has its words in the coding alone.
  const concept = (one) => (one.nth % 2 === 0 ? { text: said(one) } : { coding: [{ system: CODE, code: `c${one.nth}`, display: said(one) }] })
  const narrative = (one) => ({ status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${one.text}</div>` })
  const of = (resourceType, make) => snippets.map((one) => ({ resourceType, id: `${resourceType.toLowerCase()}-${one.nth}`, text: narrative(one), ...make(one) }))
  // Where every field of a row is a snippet, a quarter of them fills the page.
  const quarter = (resourceType, make) => of(resourceType, make).filter((one, nth) => nth % 4 === 0)
  const visit = (nth) => ({ reference: `Encounter/visit-${nth % VISITS}` })
  const note = (id, one, contentType, data, title = '') => ({
    resourceType: 'DocumentReference', id, status: 'current', subject, date: `${WHEN}T09:00:00+08:00`, type: { text: `${title}${said(one)}` },
    category: [{ coding: [{ code: 'clinical-note' }] }], author: [{ display: said(one) }], description: said(one),
    content: [{ attachment: { contentType, title: said(one), data: Buffer.from(data).toString('base64') } }], context: { encounter: [visit(one.nth)] },
  })
  const visits = Array.from({ length: VISITS }, (_, nth) => {
    const one = snippets[(nth * 17) % snippets.length]
    return {
      resourceType: 'Encounter', id: `visit-${nth}`, status: 'finished', subject, class: { code: 'AMB', display: said(one) }, type: [{ text: said(one) }],
      serviceType: { text: said(one) }, participant: [{ individual: { display: said(one) } }], reasonCode: [{ text: said(one) }],
      period: { start: `${dayOf(40 + nth)}T08:00:00+08:00`, end: `${dayOf(40 + nth)}T09:00:00+08:00` }, location: [{ location: { display: said(one) } }],
      serviceProvider: { display: said(one) },
    }
  })
  const stays = Array.from({ length: VISITS }, (_, nth) => {
    const one = snippets[(nth * 13 + 5) % snippets.length]
    return {
      resourceType: 'Encounter', id: `stay-${nth}`, status: 'finished', subject, class: { code: 'IMP', display: said(one) }, type: [{ text: said(one) }],
      serviceType: { text: said(one) }, reasonCode: [{ text: said(one) }], serviceProvider: { display: said(one) },
      participant: [{ type: [{ coding: [{ code: 'ATND' }] }], individual: { display: said(one) } }],
      period: { start: `${dayOf(400 + nth * 9)}T08:00:00+08:00`, end: `${dayOf(396 + nth * 9)}T09:00:00+08:00` },
      location: [{ location: { display: said(one) }, physicalType: { coding: [{ code: 'wa' }] }, period: { start: dayOf(400 + nth * 9) } }],
      hospitalization: { admitSource: { text: said(one) }, dischargeDisposition: { text: said(one) } },
      diagnosis: snippets.filter(({ nth: own }) => own % VISITS === nth).map(({ nth: own }, rank) => ({
        condition: { reference: `Condition/of-stay-${own}` }, use: { coding: [{ code: 'DD' }] }, rank: rank + 1,
        extension: [{ url: 'https://his.example/admission-state', valueString: said(one) }],
      })),
    }
  })
  const stay = (nth) => ({ reference: `Encounter/stay-${nth % VISITS}` })
  // Each section that shows notes, by what such a note is called.
  const TITLES = ['一般护理记录', '手术记录', '住院病案首页', '出院小结', '病程记录']
  const ofStay = snippets.filter((one) => one.nth % 2 === 0).map((one) => {
    const html = one.nth % 4 === 0
    const own = note(`stay-note-${one.nth}`, one, html ? 'text/html' : 'text/plain', html ? `<p>${tagOf(one.nth)}</p>${one.text}` : said(one), `${TITLES[one.nth % TITLES.length]} `)
    const relatesTo = one.nth % 10 === 0 ? [{ code: 'replaces', target: { reference: `DocumentReference/stay-note-${one.nth - 10}`, display: said(one) } }] : []
    return { ...own, relatesTo, context: { encounter: [stay(one.nth)] } }
  })
  const money = (one) => ({ value: one.nth + 0.5, currency: one.nth % 5 === 0 ? one.text.slice(0, 20) : 'CNY' })
  const line = (one) => ({ sequence: 1, productOrService: concept(one), category: { text: said(one) }, net: money(one), quantity: { value: 1, unit: one.text.slice(0, 20) }, encounter: [stay(one.nth)] })
  const observed = (id, category, more) => (one) => ({
    id: `${id}-${one.nth}`, subject, status: 'final', category: [{ coding: [{ code: category }], text: said(one) }], code: concept(one),
    effectiveDateTime: `${WHEN}T07:10:00+08:00`, performer: [{ display: said(one) }], bodySite: { text: said(one) }, note: [{ text: said(one) }], ...more(one),
  })
  const dose = (one) => ({ text: said(one), route: { text: said(one) }, timing: { code: { text: said(one) } } })
  const value = (one) => (one.nth % 3 === 0 ? { valueString: said(one) } : { valueQuantity: { value: one.nth, unit: one.text.slice(0, 40) } })
  return [
    ...visits,
    ...snippets.map((one) => note(`plain-${one.nth}`, one, 'text/plain', `${said(one)} ${tagOf(one.nth)}z`)),
    ...snippets.map((one) => note(`html-${one.nth}`, one, 'text/html', `<p>${tagOf(one.nth)}h</p>${one.text}<p>${tagOf(one.nth)}i</p>`)),
    ...BYTES.map(([type, bytes], nth) => note(`bytes-${nth}`, snippets[nth], type, bytes)),
    ...of('Condition', (one) => ({ subject, code: concept(one), clinicalStatus: { coding: [{ code: 'active' }] }, verificationStatus: { coding: [{ code: 'confirmed' }] }, onsetDateTime: WHEN, note: [{ text: said(one) }] })),
    ...of('AllergyIntolerance', (one) => ({ patient: subject, code: concept(one), clinicalStatus: { coding: [{ code: 'active' }] }, reaction: [{ manifestation: [{ text: said(one) }] }], note: [{ text: said(one) }] })),
    ...of('MedicationRequest', (one) => ({ subject, status: 'active', intent: 'order', medicationCodeableConcept: concept(one), authoredOn: WHEN, requester: { display: said(one) }, dosageInstruction: [{ text: said(one), route: { text: said(one) } }] })),
    ...of('Immunization', (one) => ({ patient: subject, status: 'completed', vaccineCode: concept(one), occurrenceDateTime: WHEN, lotNumber: one.text })),
    ...of('Procedure', (one) => ({ subject, status: 'completed', code: concept(one), performedDateTime: WHEN, outcome: { text: said(one) }, note: [{ text: said(one) }] })),
    ...of('Device', (one) => ({ patient: subject, status: 'active', type: concept(one), deviceName: [{ name: said(one) }] })),
    ...of('ServiceRequest', (one) => ({
      subject, status: 'active', intent: 'order', code: concept(one), authoredOn: WHEN, requester: { display: said(one) },
      // Each third one replaces the one before it, and what lies elsewhere.
      ...(one.nth % 3 === 1 ? { replaces: [{ reference: `ServiceRequest/servicerequest-${one.nth - 1}`, display: said(one) }, { reference: one.text.slice(0, 200) }] } : {}),
    })),
    ...of('Observation', (one) => ({
      subject, status: 'final', category: [{ coding: [{ code: 'laboratory' }] }], code: concept(one), effectiveDateTime: `${WHEN}T08:10:00+08:00`, ...value(one),
      referenceRange: [{ text: said(one) }], note: [{ text: said(one) }], specimen: { display: said(one) }, performer: [{ display: said(one) }], interpretation: [{ text: said(one) }],
    })),
    ...stays,
    ...ofStay,
    ...of('Condition', (one) => ({
      id: `of-stay-${one.nth}`, subject, code: concept(one), clinicalStatus: { coding: [{ code: 'active' }] }, encounter: stay(one.nth),
      category: [{ coding: [{ code: 'encounter-diagnosis' }] }], onsetDateTime: dayOf(390),
    })),
    ...quarter('Procedure', (one) => ({
      id: `of-stay-operation-${one.nth}`, subject, status: 'completed', code: concept(one), category: { text: said(one) }, encounter: stay(one.nth),
      performedPeriod: { start: `${dayOf(390)}T08:00:00+08:00`, end: `${dayOf(390)}T09:00:00+08:00` }, performer: [{ function: { text: said(one) }, actor: { display: said(one) } }],
      location: { display: said(one) }, reasonCode: [{ text: said(one) }], bodySite: [{ text: said(one) }], complication: [{ text: said(one) }], usedCode: [{ text: said(one) }],
    })),
    ...quarter('Observation', observed('vital', 'vital-signs', (one) => ({ component: [{ code: concept(one), valueString: said(one) }] }))),
    ...quarter('Observation', observed('survey', 'survey', (one) => ({ valueString: said(one) }))),
    ...quarter('Observation', observed('habit', 'social-history', (one) => ({ valueCodeableConcept: concept(one) }))),
    ...quarter('CarePlan', (one) => ({
      subject, status: 'active', intent: 'plan', title: said(one), description: said(one), period: { start: WHEN }, author: { display: said(one) },
      addresses: [{ display: said(one) }], goal: [{ display: said(one) }], activity: [{ detail: { status: 'in-progress', description: said(one) }, progress: [{ text: said(one) }] }],
    })),
    ...quarter('Composition', (one) => ({
      subject, status: 'final', type: { coding: [{ system: 'http://loinc.org', code: '18842-5' }], text: said(one) }, date: WHEN, title: said(one), author: [{ display: said(one) }], encounter: stay(one.nth),
      section: [{ title: said(one), text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${one.text}</div>` } }],
    })),
    ...quarter('NutritionOrder', (one) => ({ patient: subject, status: 'active', intent: 'order', dateTime: WHEN, orderer: { display: said(one) }, oralDiet: { type: [concept(one)], instruction: said(one) } })),
    ...quarter('MedicationDispense', (one) => ({ subject, status: 'completed', medicationCodeableConcept: concept(one), whenHandedOver: WHEN, performer: [{ actor: { display: said(one) } }], dosageInstruction: [dose(one)], note: [{ text: said(one) }] })),
    ...quarter('MedicationAdministration', (one) => ({ subject, status: 'completed', medicationCodeableConcept: concept(one), effectiveDateTime: WHEN, performer: [{ actor: { display: said(one) } }], dosage: { text: said(one), route: { text: said(one) } }, note: [{ text: said(one) }] })),
    ...quarter('MedicationStatement', (one) => ({ subject, status: 'active', medicationCodeableConcept: concept(one), effectiveDateTime: WHEN, informationSource: { display: said(one) }, reasonCode: [{ text: said(one) }], dosage: [dose(one)], note: [{ text: said(one) }] })),
    ...quarter('FamilyMemberHistory', (one) => ({ patient: subject, status: 'completed', name: said(one), relationship: { text: said(one) }, date: WHEN, condition: [{ code: concept(one), outcome: { text: said(one) }, note: [{ text: said(one) }] }], note: [{ text: said(one) }] })),
    ...quarter('QuestionnaireResponse', (one) => ({ subject, status: 'completed', authored: WHEN, author: { display: said(one) }, item: [{ linkId: '1', text: said(one), answer: [{ valueString: said(one) }, { valueCoding: { system: CODE, code: 'a', display: said(one) } }] }] })),
    ...quarter('ExplanationOfBenefit', (one) => ({
      patient: subject, status: 'active', use: 'claim', type: { text: said(one) }, created: WHEN, insurer: { display: said(one) }, provider: { display: said(one) },
      diagnosis: [{ sequence: 1, diagnosisCodeableConcept: concept(one), onAdmission: { text: said(one) } }], item: [line(one)], total: [{ category: { text: said(one) }, amount: money(one) }],
    })),
    ...quarter('Claim', (one) => ({ patient: subject, status: 'active', use: 'claim', type: { text: said(one) }, created: WHEN, provider: { display: said(one) }, item: [line(one)], total: money(one) })),
    ...quarter('Coverage', (one) => ({ beneficiary: subject, status: 'active', type: { text: said(one) }, subscriberId: one.text.slice(0, 60), payor: [{ display: said(one) }], period: { start: WHEN } })),
    ...quarter('Account', (one) => ({ subject: [subject], status: 'active', type: { text: said(one) }, name: said(one), servicePeriod: { start: WHEN }, owner: { display: said(one) } })),
    ...quarter('ChargeItem', (one) => ({ subject, status: 'billed', code: concept(one), occurrenceDateTime: WHEN, context: stay(one.nth), quantity: { value: 1 }, priceOverride: money(one), overrideReason: said(one), performer: [{ actor: { display: said(one) } }] })),
    ...quarter('Invoice', (one) => ({ subject, status: 'issued', type: { text: said(one) }, date: WHEN, issuer: { display: said(one) }, totalNet: money(one), lineItem: [{ sequence: 1, chargeItemCodeableConcept: concept(one), priceComponent: [{ type: 'base', amount: money(one) }] }] })),
    ...of('DiagnosticReport', (one) => ({ subject, status: 'final', category: [{ coding: [{ code: 'RAD' }] }], code: concept(one), effectiveDateTime: WHEN, conclusion: `${said(one)} ${tagOf(one.nth)}z` })),
  ]
}

const peopleOf = (snippets) => {
  const main = {
    resourceType: 'Patient', id: 'main', gender: 'female', birthDate: '1964-03-18', name: snippets.slice(0, 12).map((one) => ({ text: nameOf(one) })),
    identifier: [RESIDENT_ID, { system: CODE, type: { coding: [{ code: 'MR' }] }, value: snippets[30].text.slice(0, 60) }],
    telecom: snippets.slice(40, 50).map((one) => ({ system: 'phone', value: one.text })),
    address: snippets.map((one) => ({ text: `${tagOf(one.nth)} ${one.text}` })),
    contact: snippets.map((one) => ({ name: { text: `${tagOf(one.nth)} ${one.text}` }, relationship: [{ text: one.text }] })),
  }
  const others = snippets.map((one) => ({
    resourceType: 'Patient', id: `p${one.nth}`, gender: 'male', birthDate: '1970-01-01', name: [{ text: nameOf(one) }], identifier: [{ system: CODE, value: one.text.slice(0, 40) }],
  }))
  return [main, ...others]
}

// Everything of a type and patient, whatever else was asked: servers may ignore filters.
export const startHospital = async () => {
  const leaks = []
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://hospital')
    const [, root, type, id] = url.pathname.split('/')
    if (root !== 'fhir') {
      leaks.push(url.pathname)
      return response.writeHead(404).end()
    }
    const all = type === 'Patient' ? server.people : server.resources.filter((one) => one.resourceType === type)
    const name = url.searchParams.get('name')
    const named = (one) => name === null || one.name.some(({ text }) => text.toLowerCase().includes(name.toLowerCase()))
    const numbered = (one) => !url.searchParams.has('identifier') || one.identifier?.some(({ value }) => url.searchParams.get('identifier').endsWith(`|${value}`))
    const found = type === 'Patient' && !id ? all.filter((one) => named(one) && numbered(one)) : all
    const mine = type === 'Patient' || (url.searchParams.get('patient') ?? url.searchParams.get('subject') ?? '').endsWith('main') ? found : []
    const one = id && all.find((resource) => resource.id === id)
    const body = id
      ? one || { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] }
      : { resourceType: 'Bundle', type: 'searchset', entry: mine.map((resource) => ({ resource, search: { mode: 'match' } })) }
    response.writeHead(id && !one ? 404 : 200, { 'content-type': 'application/fhir+json' }).end(JSON.stringify(body))
  })
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const origin = `http://127.0.0.1:${server.address().port}`
  const snippets = snippetsFor(origin)
  server.people = peopleOf(snippets)
  server.resources = resourcesOf(snippets)
  return { origin, snippets, leaks, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve) }) }
}

const freePort = async () => {
  const server = createServer()
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address()
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

// Tells the program to stop when our end of the pipe closes, however we end.
const WATCHDOG = 'exec 3<&0; "$@" 3<&- </dev/null & program=$!; { cat <&3 >/dev/null; kill -TERM $program 2>/dev/null; } & exec 3<&-; wait $program'

// Both portals on a database of their own with this hospital alone, by the settings of the demo.
export const startPortals = async ({ demoFile, programs }, hospital) => {
  const data = dirname(demoFile)
  writeFileSync(join(data, 'hostile-sources.toml'), [
    '[[source]]', 'id = "hostile"', 'name = { zh = "坏医院", en = "Bad Hospital" }', 'platform = "plain"', 'environment = "sandbox"',
    `base_url = "${hospital.origin}/fhir"`, 'auth = { kind = "none" }', 'timeout_ms = 8000', 'sweep = false', '',
  ].join('\n'))
  const ports = { internal: [await freePort(), await freePort()], external: [await freePort(), await freePort()] }
  const settings = (portal) => ({
    ...process.env,
    PORTAL__DATABASE__URL: 'sqlite://hostile.db',
    PORTAL__SOURCES__FILE: 'hostile-sources.toml',
    PORTAL__SERVER__LISTEN: `127.0.0.1:${ports[portal][0]}`,
    PORTAL__SERVER__PUBLIC_URL: `http://localhost:${ports[portal][0]}`,
    PORTAL__OPS__LISTEN: `127.0.0.1:${ports[portal][1]}`,
    ...(portal === 'internal' ? { PORTAL__AUDIT__HEADS_FILE: 'hostile-heads.jsonl' } : {}),
  })
  const call = (portal, program, ...words) => [join(programs, program), '--config', join(data, `${portal}.toml`), ...words]
  // Not in one breath: the hospital is asked meanwhile.
  const tool = async (portal, program, ...words) => {
    const [command, ...rest] = call(portal, program, ...words)
    await promisify(execFile)(command, rest, { env: settings(portal) })
  }
  const account = { username: 'hostile', password: 'demo-hostile', name: nameOf(hospital.snippets[0]), resident_id: RESIDENT_ID.value }
  const accounts = join(data, 'secrets', 'hostile-accounts.json')
  writeFileSync(accounts, JSON.stringify([account]), { mode: 0o600 })
  await tool('internal', 'portal-migrate', 'up')
  await tool('external', 'portal-external', 'import-accounts', accounts)
  const running = ['internal', 'external'].map((portal) => {
    const log = openSync(join(data, 'logs', `hostile-${portal}.log`), 'w')
    return spawn('sh', ['-c', WATCHDOG, portal, ...call(portal, `portal-${portal}`, 'serve')], { env: settings(portal), stdio: ['pipe', log, log] })
  })
  const stop = () => Promise.all(running.map((child) => new Promise((resolve) => {
    if (child.exitCode !== null) return resolve()
    child.on('exit', resolve)
    child.stdin.end()
  })))
  try {
    for (const portal of ['internal', 'external']) await ready(ports[portal][1], running)
  } catch (error) {
    await stop()
    throw error
  }
  const url = (portal) => ({ url: `http://localhost:${ports[portal][0]}` })
  return { internal: url('internal'), external: { ...url('external'), accounts: [account] }, stop }
}

const ready = async (port, running) => {
  const end = Date.now() + 60_000
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined)
    if (answer?.ok) return
    if (Date.now() > end || running.some((child) => child.exitCode !== null)) throw new Error('the portals of the bad hospital did not start')
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
}
