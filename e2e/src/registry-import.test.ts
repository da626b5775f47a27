import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { foreignPeer, skipWithoutPeer } from '@farwatch/runtime/testing'
import { expect, onTestFinished, test } from 'vitest'
import { findBrowser, launchBrowser } from './browser.ts'
import { endCommand, startUp } from './command.ts'
import { cityWorkbook, twelveMistakes, writeWorkbook } from './registry-workbook.ts'
import { openWatchedPage, screens } from './watched-page.ts'

test('W1 300 enterprises with 2,000 points come from an Excel file with 12 mistakes: listed by their cells, mended, imported, on the map', async (context) => {
  const python = skipWithoutPeer(context, 'openpyxl')
  foreignPeer(context, { name: 'Chromium', version: (await findBrowser()).version })
  const home = await mkdtemp(join(tmpdir(), 'farwatch-import-'))
  const platform = await startUp(['--no-sim', '--home', join(home, 'data'), '--http', '0', '--mqtt', '0'])
  const browser = await launchBrowser()
  onTestFinished(async () => {
    await browser.close()
    await endCommand(platform)
    await rm(home, { recursive: true, force: true })
  })
  const workbook = cityWorkbook({ enterprises: 300, points: 2_000 })
  const [wrong, mended] = [join(home, '名录.xlsx'), join(home, '名录-改.xlsx')]
  writeWorkbook(python.path, wrong, { workbook, mistakes: twelveMistakes })
  writeWorkbook(python.path, mended, { workbook })

  const watched = await openWatchedPage(browser, platform.url, { ...screens.wide, locale: 'zh-CN' })
  const { page } = watched
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
  expect(await (await fetch(`${platform.url}/api/registry/sites`)).json()).toEqual([])

  await page.getByTestId('file').setInputFiles(mended)
  await page.getByTestId('import').click({ timeout: 60_000 })
  await page.locator('[data-testid="result"][data-outcome="done"]').waitFor({ timeout: 60_000 })
  const count = async (kind: string) =>
    ((await (await fetch(`${platform.url}/api/registry/${kind}?limit=10000`)).json()) as unknown[]).length
  expect([
    await count('enterprises'),
    await count('sites'),
    await count('points'),
    await count('limits'),
  ]).toEqual([...[300, 300, 2_000, 20]])

  await page.getByTestId('file').setInputFiles(mended)
  await page.locator('[data-testid="result"][data-outcome="ready"]').waitFor({ timeout: 60_000 })
  expect(await page.getByTestId('import').count(), 'the same file again changes nothing').toBe(0)

  await page.getByTestId('back-to-map').click()
  await page.locator('[data-testid="map"][data-ready="true"]').waitFor({ timeout: 60_000 })
  await page.getByTestId('tab-sites').getByText('300').waitFor({ timeout: 30_000 })
  expect(watched.problems).toEqual([])
  expect(watched.foreign).toEqual([])
}, 300_000)

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
