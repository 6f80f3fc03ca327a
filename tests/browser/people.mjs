// Signing in and finding one's way, by the public face alone.

// A new context: its own cookies, language, width and colour scheme.
export const contextOf = (browser, { language, width, scheme = 'light', javaScript = true }) =>
  browser.newContext({
    locale: language === 'en' ? 'en-GB' : language,
    viewport: { width, height: width < 700 ? 844 : 900 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
    javaScriptEnabled: javaScript,
  })

// The first page sends a browser without scripts on at once where some of its widgets come late; whoever asks for the next
// page before that has happened is interrupted by it.
export const settled = async (page) => {
  await page.locator('html:not(:has(meta[http-equiv="refresh"]))').waitFor({ state: 'attached' })
  await page.waitForLoadState('load')
}

// Opens the first page and is there when it stays.
export const atHome = async (page, url) => {
  await page.goto(`${url}/`)
  await settled(page)
}

export const signIn = async (page, url, { username, password, organisation }) => {
  await page.goto(`${url}/sign-in`)
  const form = page.locator('form:has(input[name="password"])')
  if (organisation && (await form.locator('[name="organisation"]').count()) > 0) {
    await form.locator('select[name="organisation"]').selectOption(organisation)
  }
  await form.locator('input[name="username"]').fill(username)
  await form.locator('input[name="password"]').fill(password)
  await form.locator('button[type="submit"], button:not([type])').first().click()
  await page.waitForLoadState('load')
  await settled(page)
  if (new URL(page.url()).pathname.startsWith('/sign-in')) {
    throw new Error(`${username} could not sign in at ${url}: ${(await page.locator('main').innerText()).slice(0, 300)}`)
  }
}

// The clinician of the demo, and the patient.
export const clinicianOf = (demo) => {
  const accounts = demo.internal.accounts
  return accounts.find((account) => account.roles.includes('clinician')) ?? accounts[0]
}

export const administratorOf = (demo) => demo.internal.accounts.find((account) => account.roles.includes('administrator'))

export const patientOf = (demo) => demo.external.accounts[0]

// Searches as a clinician does and returns the paths of the patients found.
export const search = async (page, url, words) => {
  await page.goto(`${url}/patients`)
  const field = page.locator('main input[name="q"]').first()
  await field.fill(words)
  await field.press('Enter')
  // With scripts the answer comes into the same document.
  await page.waitForURL(/search=/)
  await page.locator('#s1').waitFor()
  const links = await page.locator('main a[href^="/patients/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
  return [...new Set(links.map((href) => /^\/patients\/[^/?#]+/.exec(href)?.[0]).filter(Boolean))]
}

// A patient of the region who is known to at least two hospitals.
export const sharedPatient = (demo) => demo.patients.find((patient) => patient.hospitals.length >= 2) ?? demo.patients[0]

// Tells the sandbox how a hospital shall behave: ok, slow, down, refusing, dropping, garbage.
export const behave = async (demo, hospital, mode) => {
  const answer = await fetch(`${demo.sandbox.control_url}/hospitals/${hospital}`, {
    method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ mode }),
  })
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status} to ${mode}`)
}

// Opens a page of a record; where no treatment relation is there, breaks the glass as a person does and opens it then.
export const openRecord = async (page, demo, path) => {
  const answer = await page.goto(`${demo.internal.url}${path}`)
  const form = page.locator('form[action$="/break-glass"]')
  if ((await form.count()) === 0) return answer
  await form.locator('input[name="grounds"]').first().check()
  await form.locator('[name="reason"]').fill('急诊抢救，需要核对既往检验结果和用药情况')
  await form.locator('[name="password"]').fill(clinicianOf(demo).password)
  await form.locator('button[type="submit"]').click()
  await page.waitForLoadState('load')
  return page.goto(`${demo.internal.url}${path}`)
}

// Opens the form that breaks the glass, for somebody the clinician does not treat and whose record nobody has opened yet;
// the form's address, or undefined where all are open.
export const closedRecord = async (page, demo) => {
  const { treats } = clinicianOf(demo)
  for (const patient of demo.patients.filter(({ id }) => !treats.includes(id)).reverse()) {
    for (const path of await search(page, demo.internal.url, patient.name)) {
      await page.goto(`${demo.internal.url}${path}/break-glass`)
      if ((await page.locator('form[action$="/break-glass"]').count()) > 0) return `${path}/break-glass`
    }
  }
  return undefined
}

// Signed in as the clinician, at the record of a patient of two hospitals or more; its path without a section.
export const atRecord = async (page, demo, section = 'lab-results') => {
  await signIn(page, demo.internal.url, clinicianOf(demo))
  const [patient] = await search(page, demo.internal.url, sharedPatient(demo).name)
  if (!patient) throw new Error('the search found nobody')
  const answer = await openRecord(page, demo, `${patient}/${section}`)
  if (answer.status() !== 200) throw new Error(`${section}: status ${answer.status()}`)
  return patient
}

// The signed-in patient's own person path, from the links of the first page.
export const ownPath = async (page, demo) => {
  await atHome(page, demo.external.url)
  const own = await page.locator('a[href^="/people/"]').first().getAttribute('href')
  return /^\/people\/[^/?#]+/.exec(own)[0]
}
