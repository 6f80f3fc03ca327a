// What must hold on every page.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// Collects what a page complains about while it loads; to be called before the first navigation.
export const listen = async (page, origin) => {
  const complaints = []
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    // Chromium reports the status of an error page itself; that page is meant to be one.
    if (/status of (400|401|403|404|422)/.test(message.text()) && message.location().url === page.url()) return
    complaints.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`))
  page.on('dialog', async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && url.origin !== origin) complaints.push(`request to another origin: ${url.origin}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`status ${response.status()}: ${new URL(response.url()).pathname}`)
  })
  await page.addInitScript(() => {
    globalThis.brokenPolicies = []
    document.addEventListener('securitypolicyviolation', (event) => {
      globalThis.brokenPolicies.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`)
    })
  })
  return complaints
}

// Problems of the page that is open, as texts.
export const examine = async (page, { language, complaints }) => {
  const problems = [...complaints.splice(0)]
  const seen = await page.evaluate(() => ({
    broken: globalThis.brokenPolicies ?? [],
    language: document.documentElement.lang,
    title: document.title,
    sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    left: /\{\{|\{%|undefined/.exec(document.body.innerText)?.[0],
  }))
  problems.push(...seen.broken.map((violation) => `content security policy: ${violation}`))
  if (!seen.language.toLowerCase().startsWith(language.slice(0, 2))) problems.push(`lang is "${seen.language}", not ${language}`)
  if (seen.title.trim() === '') problems.push('no title')
  if (seen.sideways > 0) problems.push(`scrolls sideways by ${seen.sideways} px`)
  if (seen.left) problems.push(`unfinished text: ${seen.left}`)
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const found = await globalThis.axe.run(document, { resultTypes: ['violations'] })
    return found.violations.map(({ id, help, nodes }) => ({ id, help, target: nodes.slice(0, 3).map((n) => n.target.join(' ')) }))
  })
  problems.push(...violations.map(({ id, help, target }) => `axe ${id}: ${help} (${target.join(' | ')})`))
  return problems
}
