import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Alert, History } from '@farwatch/model'
import { foreignPeer } from '@farwatch/runtime/testing'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findBrowser, launchBrowser } from './browser.ts'
import { endCommand, type RunningPlatform, startUp } from './command.ts'
import { openWatchedPage, screens, type WatchedPage } from './watched-page.ts'
import { WebhookReceiver } from './webhook-receiver.ts'

/**
 * The demo: the command as a user starts it, its pages in a browser, script S1 played four times as fast. The tests are
 * the acts of one play and share its process; whatever happens is waited for, however long it takes.
 */

/** The script is over after 83 s; on a loaded machine everything takes its time. */
const patient = { timeout: 90_000 }
const waitMs = 75_000
const leak = 'E01/cellar/LEL01'
const operator = '王敏'

let home: string
let receiver: WebhookReceiver
let webhook: { FARWATCH_WEBHOOK_URL: string; FARWATCH_WEBHOOK_SECRET: string }
let platform: RunningPlatform
let browser: Browser
/** The control room in Chinese, a phone in English, and a second desk; all open before anything happens. */
let desk: WatchedPage
let phone: WatchedPage
let second: WatchedPage

const arguments_ = (port: string) => ['--home', home, '--http', port, '--mqtt', '0', '--sim-speed', '4']
const pages = () => [desk, phone, second]
const row = ({ page }: WatchedPage) => page.locator('[data-testid="alert-row"][data-level="orange"]').first()
const onMap = ({ page }: WatchedPage, site: string) =>
  page.locator(`[data-testid="map-sites"] [data-site="${site}"]`)

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(new URL(path, platform.url))
  expect(answer.status, path).toBe(200)
  return (await answer.json()) as T
}

/** What the HTTP interface tells of the leak's alerts. */
const alerts = async () =>
  (await get<Alert[]>('/api/alerts?state=all')).filter(({ subject }) => subject === leak)

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-first-light-'))
  receiver = new WebhookReceiver()
  const url = await receiver.open()
  webhook = { FARWATCH_WEBHOOK_URL: url, FARWATCH_WEBHOOK_SECRET: receiver.secret }
  // The browser first: from the moment the city is up the script's clock runs.
  browser = await launchBrowser()
  platform = await startUp(arguments_('0'), webhook)
  console.log(`ready after ${Math.round(platform.readyMs)} ms`)
  ;[desk, phone, second] = await Promise.all([
    openWatchedPage(browser, platform.url, { ...screens.wide, locale: 'zh-CN' }),
    openWatchedPage(browser, platform.url, { ...screens.phone, locale: 'en-GB' }),
    openWatchedPage(browser, platform.url, { ...screens.wide, locale: 'en-GB', colorScheme: 'dark' }),
  ])
})

afterAll(async () => {
  await browser?.close()
  await endCommand(platform)
  await receiver?.close()
  if (home !== undefined) await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return
  console.log(`printed by the command:\n${platform.stderr()}`)
  for (const { problems } of pages()) console.log(problems.join('\n'))
})

describe('first light', () => {
  test('F5 the wide page shows the map of Bozhou with its sites, in Chinese', patient, async (context) => {
    foreignPeer(context, { name: 'Chromium', version: (await findBrowser()).version })
    const { page } = desk
    await page.locator('[data-testid="map"][data-ready="true"]').waitFor({ timeout: waitMs })
    expect(await page.locator('[data-testid="map"]').getAttribute('data-engine')).toBe('maplibre')
    for (const [id, name] of [
      ['E01', '谯韵酒业'],
      ['E02', '涡浪酒厂'],
      ['E03', '华芍饮片'],
      ['E07', '谯北污水厂'],
      ['E09', '药都冷链'],
      ['E10', '涡河湾工地'],
    ] as const) {
      expect(await onMap(desk, id).textContent()).toContain(name)
    }
    expect(await page.locator('html').getAttribute('lang')).toMatch(/^zh/)
  })

  test(
    'F5 the narrow page is laid out for a phone, in English, and nothing sticks out',
    patient,
    async () => {
      const { page } = phone
      await page.locator('[data-layout="phone"][data-connection="live"]').waitFor({ timeout: waitMs })
      await page.locator('[data-testid="tab-sites"]').tap()
      await page.getByText('Qiaoyun Distillery').waitFor({ timeout: waitMs })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
      await page.locator('[data-testid="tab-alerts"]').tap()
    },
  )

  test('F5 values are live: they change, and their age ticks each second', patient, async () => {
    const { page } = second
    // Measured every 5 s, so that several seconds of age can be seen between two values.
    const dust = 'E10/station1/pm10'
    await page.goto(`${platform.url}/#/sites/E10`)
    const age = page.locator(`[data-testid="value-age-${dust}"]`)
    await age.getByText(/ago|now/).waitFor({ timeout: waitMs })
    const ages = new Set<string>()
    const values = new Set<string>()
    await expect
      .poll(
        async () => {
          ages.add((await age.textContent()) ?? '')
          values.add((await page.locator(`[data-testid="value-${dust}"]`).textContent()) ?? '')
          return [ages.size >= 3, values.size >= 2]
        },
        { timeout: waitMs, interval: 200 },
      )
      .toEqual([true, true])
    // Each of the other sites, over OPC UA, Modbus TCP and MQTT, has sent something as well.
    const points = await get<{ key: string; site: string; ageMs: number | null }[]>('/api/points')
    for (const site of ['E01', 'E03', 'E09', 'E10'])
      expect(points.some((point) => point.site === site && point.ageMs !== null)).toBe(true)
  })

  test('F3 the camera’s picture is loaded and says how old it is', patient, async () => {
    const { page } = desk
    await page.goto(`${platform.url}/#/alerts/E10`)
    const picture = page.locator('[data-testid="camera-picture"]')
    await picture.waitFor({ timeout: waitMs })
    const id = '[data-testid="camera-picture"]'
    await page.waitForFunction(`document.querySelector('${id}').naturalWidth > 0`, undefined, {
      timeout: waitMs,
    })
    expect(await page.locator('.camera-age').textContent()).toMatch(/\d/)
    await page.locator('[data-testid="site-close"]').click()
  })

  test(
    'F4 the leak raises one alert: on the map, in the list, on the phone, nowhere by a reload',
    patient,
    async () => {
      await onMap(desk, 'E01').and(desk.page.locator('[data-level="orange"]')).waitFor({
        state: 'attached',
        timeout: waitMs,
      })
      for (const one of pages().slice(0, 2)) {
        await row(one).waitFor({ timeout: waitMs })
        expect(await one.page.locator('[data-testid="alert-row"]').count()).toBe(1)
      }
      await onMap(second, 'E01').and(second.page.locator('[data-level="orange"]')).waitFor({
        state: 'attached',
        timeout: waitMs,
      })
      expect(await row(desk).textContent()).toContain('可燃气体一级报警')
      expect(await row(phone).textContent()).toContain('Combustible gas level 1')
      for (const one of pages()) expect(await one.reloaded()).toBe(false)
    },
  )

  test('F4 the webhook receives the alert with a valid signature', patient, async () => {
    await expect.poll(() => receiver.of('alert.raised', leak).length, { timeout: waitMs }).toBe(1)
    expect(receiver.refused).toEqual([])
    const [{ data } = expect.fail('nothing received')] = receiver.of('alert.raised', leak)
    expect(data.alert).toMatchObject({ rule: 'gas-level-1', site: 'E01', level: 'orange', limit: 25 })
    expect(data.alert.value).toBeGreaterThan(25)
    const { recordedMs, atMs } = data.transition
    console.log(`recorded ${recordedMs - atMs} ms after the reading that completed the condition`)
  })

  test('F5 the operator acknowledges with a click, and the phone shows it', patient, async () => {
    await row(desk).locator('[data-testid="alert-ack"]').click()
    const { page } = desk
    await page.locator('[data-testid="operator-name"]').fill(operator)
    await page.locator('[data-testid="operator-save"]').click()
    for (const one of [desk, phone]) await row(one).getByText(operator).waitFor({ timeout: waitMs })
    expect(await row(phone).locator('[data-testid="alert-ack"]').count()).toBe(0)
    const [alert] = await alerts()
    expect(alert?.transitions.map(({ by }) => by)).toContain(operator)
  })

  test('F4 the alert clears when the gas does, everywhere', patient, async () => {
    for (const one of [desk, second]) {
      await onMap(one, 'E01').and(one.page.locator('[data-level="none"]')).waitFor({
        state: 'attached',
        timeout: waitMs,
      })
    }
    for (const { page } of [desk, phone])
      await page.locator('[data-testid="alert-row"][data-state="normal"]').waitFor({ timeout: waitMs })
    await expect.poll(() => receiver.of('alert.closed', leak).length, { timeout: waitMs }).toBe(1)
    expect(await get<Alert[]>('/api/alerts?state=open')).toEqual([])
    const [alert] = await alerts()
    expect(alert?.state).toBe('normal')
    expect(alert?.worst).toBeGreaterThan(27)
  })

  test('F5 after a restart the pages are live again without a reload, with the same history and alerts', {
    timeout: 150_000,
  }, async () => {
    const before = { alerts: await alerts(), rows: await history() }
    expect(before.rows.some((one) => 'value' in one && one.value !== null && one.value > 25)).toBe(true)
    expect(before.alerts).toHaveLength(1)
    for (const one of pages()) one.serverAway(true)
    const { port } = new URL(platform.url)
    const stopMs = performance.now()
    platform.kill('SIGINT')
    expect(await platform.ended).toEqual({ code: 0, signal: null })
    const stoppedAfterMs = performance.now() - stopMs
    await desk.page.locator('[data-connection="disconnected"]').waitFor({ timeout: waitMs })
    platform = await startUp(arguments_(port), webhook)
    const readyMs = performance.now()
    await Promise.all(
      pages().map(({ page }) => page.locator('[data-connection="live"]').waitFor({ timeout: 20_000 })),
    )
    const liveAfterMs = performance.now() - readyMs
    console.log(
      `stopped in ${Math.round(stoppedAfterMs)} ms, ready again after ${Math.round(platform.readyMs)} ms, ` +
        `all pages live ${Math.round(liveAfterMs)} ms later`,
    )
    for (const one of pages()) {
      expect(await one.reloaded()).toBe(false)
      one.serverAway(false)
    }
    expect(stoppedAfterMs).toBeLessThan(5_000)
    // The script plays again in the restarted city; what counts is what was there before.
    const { setMs } = before.alerts[0]!
    await expect.poll(async () => (await alerts()).filter((one) => one.setMs <= setMs)).toEqual(before.alerts)
    await expect.poll(async () => (await history()).slice(0, before.rows.length)).toEqual(before.rows)
    const told = receiver.received.filter(({ data }) => data.alert.id === before.alerts[0]!.id)
    expect(told.map(({ type }) => type).filter((type) => type === 'alert.raised')).toHaveLength(1)
  })

  test('F1 Ctrl-C ends the command with code 0 within 5 s', patient, async () => {
    for (const one of pages()) one.serverAway(true)
    const startMs = performance.now()
    platform.kill('SIGINT')
    expect(await platform.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - startMs).toBeLessThan(5_000)
    expect(platform.stderr()).not.toMatch(/\n\s+at |ERROR/)
  })

  test('F5 no page logged an error or asked anything of another host', () => {
    for (const { problems, foreign } of pages()) {
      expect(problems).toEqual([])
      expect(foreign).toEqual([])
    }
  })
})

/** Everything the centre has of the leaking point, oldest first. */
async function history(): Promise<History['rows']> {
  return (await get<History>(`/api/readings?point=${encodeURIComponent(leak)}`)).rows
}
