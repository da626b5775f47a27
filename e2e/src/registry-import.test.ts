import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { foreignPeer, skipWithoutPeer } from '@farwatch/runtime/testing'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { findBrowser, launchBrowser } from './browser.ts'
import { endCommand, startCommand, startUp } from './command.ts'
import { cityWorkbook, twelveMistakes, writeWorkbook } from './registry-workbook.ts'
import { openWatchedPage, screens } from './watched-page.ts'

test('W1 W2 W3 W4 W5 over HTTPS a manager brings 300 enterprises from an Excel file with 12 mistakes, a county sees its own, and the log of all this verifies', async (context) => {
  const python = skipWithoutPeer(context, 'openpyxl')
  const openssl = skipWithoutPeer(context, 'openssl')
  foreignPeer(context, { name: 'Chromium', version: (await findBrowser()).version })
  const home = await mkdtemp(join(tmpdir(), 'farwatch-import-'))
  const data = join(home, 'data')
  const platform = await startUp(
    ['--no-sim', '--home', data, '--http', '0', '--mqtt', '0'],
    certificate(openssl.path, home),
  )
  expect(platform.url).toMatch(/^https:/)
  const browser = await launchBrowser()
  onTestFinished(async () => {
    await browser.close()
    await endCommand(platform)
    await rm(home, { recursive: true, force: true })
  })
  const screen = { ...screens.wide, locale: 'zh-CN', ignoreHTTPSErrors: true }
  const enter = async (account: string, oneTimePassword: string) => {
    const watched = await openWatchedPage(browser, `${platform.url}/#/alerts`, screen)
    const { page } = watched
    const shown = page.getByTestId('open-login').or(page.getByTestId('login-account'))
    await shown.first().waitFor({ timeout: 60_000 })
    if (await page.getByTestId('open-login').isVisible()) await page.getByTestId('open-login').click()
    await page.getByTestId('login-account').fill(account)
    await page.getByTestId('login-password').fill(oneTimePassword)
    await page.getByTestId('login-submit').click()
    await page.getByTestId('password-current').fill(oneTimePassword)
    await page.getByTestId('password-next').fill(`rain on the grain store of ${account}`)
    await page.getByTestId('password-again').fill(`rain on the grain store of ${account}`)
    await page.getByTestId('password-submit').click()
    await page.locator('[data-connection="live"]').waitFor({ timeout: 60_000 })
    return watched
  }
  const [, printed = ''] = /Account admin, one-time password (\S+) /.exec(platform.stdout()) ?? []
  const admin = await enter('admin', printed)
  const newAccount = async (id: string, role: string, jurisdiction: string | null) => {
    const answer = await admin.page.request.post(`${platform.url}/api/accounts`, {
      headers: { origin: platform.url },
      data: { id, name: id, grants: [{ role, jurisdiction, department: null, enterprise: null }] },
    })
    expect([answer.status(), answer.ok() ? '' : await answer.text()]).toEqual([201, ''])
    return ((await answer.json()) as { oneTimePassword: string }).oneTimePassword
  }
  const manager = await enter('manager', await newAccount('manager', 'manager', null))
  const { page } = manager
  const count = async (by: Page, kind: string) =>
    ((await (await by.request.get(`${platform.url}/api/registry/${kind}?limit=10000`)).json()) as unknown[])
      .length

  const workbook = cityWorkbook({ enterprises: 300, points: 2_000 })
  const [wrong, mended] = [join(home, '名录.xlsx'), join(home, '名录-改.xlsx')]
  writeWorkbook(python.path, wrong, { workbook, mistakes: twelveMistakes })
  writeWorkbook(python.path, mended, { workbook })
  await page.getByTestId('manage').click()
  await page.getByTestId('open-import').click()

  await page.getByTestId('file').setInputFiles(wrong)
  await page.locator('[data-testid="result"][data-outcome="refused"]').waitFor({ timeout: 60_000 })
  const cells = (await page.evaluate(`Array.from(
    document.querySelectorAll('[data-testid="problem"]'),
    (row) => row.closest('table').caption.textContent + '!' + row.dataset.cell,
  )`)) as string[]
  expect(cells.toSorted()).toEqual(twelveMistakes.map(({ at }) => at).toSorted())
  expect(await page.getByTestId('import').count()).toBe(0)
  expect(await count(page, 'sites')).toBe(0)

  await page.getByTestId('file').setInputFiles(mended)
  await page.getByTestId('import').click({ timeout: 60_000 })
  await page.locator('[data-testid="result"][data-outcome="done"]').waitFor({ timeout: 60_000 })
  expect([
    await count(page, 'enterprises'),
    await count(page, 'sites'),
    await count(page, 'points'),
    await count(page, 'limits'),
  ]).toEqual([...[300, 300, 2_000, 20]])

  await page.getByTestId('file').setInputFiles(mended)
  await page.locator('[data-testid="result"][data-outcome="ready"]').waitFor({ timeout: 60_000 })
  expect(await page.getByTestId('import').count(), 'the same file again changes nothing').toBe(0)

  await page.getByTestId('back-to-map').click()
  await page.locator('[data-testid="map"][data-ready="true"]').waitFor({ timeout: 60_000 })
  await page.getByTestId('tab-sites').getByText('300').waitFor({ timeout: 30_000 })

  const operator = await enter('operator', await newAccount('operator', 'operator', '341621'))
  await operator.page.getByTestId('tab-sites').getByText('75').waitFor({ timeout: 30_000 })
  expect(await count(operator.page, 'sites')).toBe(75)
  expect([...manager.foreign, ...operator.foreign]).toEqual([])

  await admin.page.goto(`${platform.url}/#/manage/audit`)
  await admin.page.getByTestId('act').first().waitFor({ timeout: 30_000 })
  await admin.page.getByTestId('verify').click()
  await admin.page.locator('[data-state="whole"]').waitFor({ timeout: 60_000 })
  await endCommand(platform)
  const verify = startCommand(['verify', '--home', data])
  expect([(await verify.ended).code, verify.stderr()]).toEqual([0, ''])
  expect(verify.stdout()).toMatch(/acts/)
}, 300_000)

/** A certificate for 127.0.0.1 that signs itself, as the platform's environment names it. */
function certificate(openssl: string, folder: string): NodeJS.ProcessEnv {
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const about = ['-subj', '/CN=farwatch', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  execFileSync(openssl, ['req', '-x509', ...key, ...about, '-keyout', files.key, '-out', files.cert], {
    stdio: 'ignore',
  })
  return { FARWATCH_TLS_CERT: files.cert, FARWATCH_TLS_KEY: files.key }
}

test('W1 a limit is edited in the page by two people: who comes second is shown both values and decides', async (context) => {
  foreignPeer(context, { name: 'Chromium', version: (await findBrowser()).version })
  const home = await mkdtemp(join(tmpdir(), 'farwatch-editing-'))
  const platform = await startUp(['--no-sim', '--home', home, '--http', '0', '--mqtt', '0'])
  const browser = await launchBrowser()
  onTestFinished(async () => {
    await browser.close()
    await endCommand(platform)
    await rm(home, { recursive: true, force: true })
  })
  const name = { zh: '一', en: 'one' }
  const change = async (changes: readonly unknown[]) => {
    const response = await fetch(`${platform.url}/api/registry/changes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: platform.url },
      body: JSON.stringify({ changes, reason: null }),
    })
    expect([response.status, response.ok ? '' : await response.text()]).toEqual([200, ''])
  }
  const limit = { point: 'E01/gas/lel', side: 'above', unit: '%LEL', level: 'red', validFrom: '2026-01-01' }
  await change([
    { kind: 'site', id: 'E01', expect: 0, value: { name, latitude: 33, longitude: 115 } },
    { kind: 'device', id: 'E01/gas', expect: 0, value: { name } },
    { kind: 'point', id: 'E01/gas/lel', expect: 0, value: { name, unit: '%LEL' } },
    { kind: 'limit', id: 'L1', expect: 0, value: { ...limit, value: 25 } },
  ])
  const url = `${platform.url}/#/manage/registry/limit/L1`
  const { page } = await openWatchedPage(browser, url, { ...screens.wide, locale: 'en-GB' })
  await page.getByTestId('field-value').fill('20 mg')
  await page.getByTestId('save').click()
  await page.getByText('a number').first().waitFor()
  await page.getByTestId('field-value').fill('20')
  await change([{ kind: 'limit', id: 'L1', expect: 1, value: { ...limit, value: 30, basis: 'GB' } }])
  await page.getByTestId('save').click()
  const row = page.getByTestId('conflict').getByRole('row').nth(1)
  expect(await row.textContent()).toMatch(/20.*30/)
  await page.getByTestId('keep-mine').click()
  await page.getByTestId('history').getByText('v3').waitFor()
  const kept = (await (await fetch(`${platform.url}/api/registry/limits/L1`)).json()) as { value: unknown }
  expect(kept.value, 'mine where I wrote, theirs elsewhere').toEqual({ ...limit, value: 20, basis: 'GB' })

  await page.goto(`${platform.url}/#/manage/registry/point/E01%2Fgas%2Flel`)
  await page.getByTestId('limits').getByText('in force').waitFor()
  await page.getByTestId('retire').click()
  await page.getByTestId('retire-confirm').click()
  await page.getByRole('alert').waitFor()
  expect(
    (await fetch(`${platform.url}/api/registry/points/E01%2Fgas%2Flel`)).status,
    'a limit still names it',
  ).toBe(200)
}, 180_000)
