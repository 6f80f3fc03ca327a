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
  if (new URL(page.url()).pathname.startsWith('/sign-in')) {
    throw new Error(`${username} could not sign in at ${url}: ${(await page.locator('main').innerText()).slice(0, 300)}`)
  }
}

// The clinician of the demo, and the patient.
export const clinicianOf = (demo) => {
  const accounts = demo.internal.accounts
  return accounts.find((account) => account.roles.includes('clinician')) ?? accounts[0]
}

export const patientOf = (demo) => demo.external.accounts[0]

// Searches as a clinician does and returns the paths of the patients found.
export const search = async (page, url, words) => {
  await page.goto(`${url}/patients`)
  const field = page.locator('main input[name="q"]').first()
  await field.fill(words)
  await field.press('Enter')
  await page.waitForLoadState('load')
  const links = await page.locator('main a[href^="/patients/"]').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
  return [...new Set(links.map((href) => /^\/patients\/[^/?#]+/.exec(href)?.[0]).filter(Boolean))]
}

// A patient of the region who is known to at least two hospitals.
export const sharedPatient = (demo) => demo.patients.find((patient) => patient.hospitals.length >= 2) ?? demo.patients[0]
