import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SiteView } from '@farwatch/model'
import { foreignPeer } from '@farwatch/runtime/testing'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findBrowser, launchBrowser } from './browser.ts'
import { endCommand, type RunningPlatform, startCommand, startUp } from './command.ts'
import { screens } from './watched-page.ts'

/**
 * From the first start to a county's operator who sees the county and nothing else: the command as a user starts it, its
 * pages in a browser. The tests are the acts of one play.
 */

const patient = { timeout: 90_000 }
const waitMs = 60_000
/** Three sites of the demo city lie in this county; E10 does not. */
const county = '341602'
const elsewhere = 'E10'
const adminPassword = 'nine lanterns over the Wo'
const operatorPassword = 'rain on the grain store'

let home: string
let platform: RunningPlatform
let browser: Browser
let admin: { context: BrowserContext; page: Page }
let operator: { context: BrowserContext; page: Page; frames: string[] }

const shown = (page: Page, testId: string) => page.locator(`[data-testid="${testId}"]`)
const api = (path: string, init: RequestInit = {}) => fetch(new URL(path, platform.url), init)

/** The cookie of the session, as a thief would carry it away. */
async function cookieOf(context: BrowserContext): Promise<string> {
  const [cookie] = (await context.cookies()).filter(({ name }) => name.endsWith('farwatch-session'))
  return `${cookie?.name}=${cookie?.value}`
}

async function asAdmin<T>(method: string, path: string, body: unknown): Promise<T> {
  const response = await api(path, {
    method,
    headers: {
      ...{ 'content-type': 'application/json', origin: platform.url },
      cookie: await cookieOf(admin.context),
    },
    body: JSON.stringify(body),
  })
  expect(response.status, `${method} ${path}`).toBeLessThan(300)
  return (await response.json()) as T
}

async function open(): Promise<{ context: BrowserContext; page: Page; frames: string[] }> {
  const context = await browser.newContext({ ...screens.wide, locale: 'en-GB' })
  const page = await context.newPage()
  const frames: string[] = []
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => frames.push(String(payload)))
  })
  await page.goto(platform.url)
  return { context, page, frames }
}

async function logIn(page: Page, account: string, password: string): Promise<void> {
  await shown(page, 'login-account').fill(account)
  await shown(page, 'login-password').fill(password)
  await shown(page, 'login-submit').click()
}

async function choosePassword(page: Page, current: string, next: string): Promise<void> {
  await shown(page, 'must-change-password').waitFor({ timeout: waitMs })
  await shown(page, 'password-current').fill(current)
  await shown(page, 'password-next').fill(next)
  await shown(page, 'password-again').fill(next)
  await shown(page, 'password-submit').click()
  await page.locator('[data-connection="live"]').waitFor({ timeout: waitMs })
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-access-'))
  browser = await launchBrowser()
  platform = await startUp(['--home', home, '--http', '0', '--mqtt', '0'])
})

afterAll(async () => {
  await browser?.close()
  await endCommand(platform)
  if (home !== undefined) await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

describe('who may see what', () => {
  test(
    'W2 the console is open to this machine until admin logs in with the printed password',
    patient,
    async (context) => {
      foreignPeer(context, { name: 'Chromium', version: (await findBrowser()).version })
      const printed = /Account admin, one-time password (\S+) /
      await expect.poll(() => platform.stdout(), { timeout: waitMs }).toMatch(printed)
      const [, oneTime = ''] = printed.exec(platform.stdout()) ?? []
      expect((await api('/api/sites')).status).toBe(200)
      expect((await api('/api/accounts')).status).toBe(403)

      admin = await open()
      const { page } = admin
      await shown(page, 'open-banner').waitFor({ timeout: waitMs })
      await shown(page, 'open-login').click()
      await logIn(page, 'admin', oneTime)
      await choosePassword(page, oneTime, adminPassword)
      await shown(page, 'person').waitFor({ timeout: waitMs })
      expect(await shown(page, 'open-banner').count()).toBe(0)
      expect((await api('/api/sites')).status).toBe(401)
      expect(
        (await api('/api/accounts', { headers: { cookie: await cookieOf(admin.context) } })).status,
      ).toBe(200)
    },
  )

  test(
    'W3 an operator of a county sees its sites and its map, and the socket sends nothing else',
    patient,
    async (context) => {
      foreignPeer(context, { name: 'Chromium', version: (await findBrowser()).version })
      const { oneTimePassword } = await asAdmin<{ oneTimePassword: string }>('POST', '/api/accounts', {
        ...{ id: 'wangmin', name: '王敏' },
        grants: [{ role: 'operator', jurisdiction: county, department: null, enterprise: null }],
      })
      const cookie = await cookieOf(admin.context)
      const all = (await (await api('/api/sites', { headers: { cookie } })).json()) as SiteView[]
      const own = all.filter((site) => site.county === county).map(({ id }) => id)
      expect(own.length).toBeGreaterThan(1)
      expect(all.map(({ id }) => id)).toContain(elsewhere)

      operator = await open()
      const { page, frames } = operator
      await shown(page, 'login').waitFor({ timeout: waitMs })
      await logIn(page, 'wangmin', oneTimePassword)
      await choosePassword(page, oneTimePassword, operatorPassword)
      await page.locator('[data-testid="map"][data-ready="true"]').waitFor({ timeout: waitMs })
      const onMap = page.locator('[data-testid="map-sites"] [data-site]')
      await expect.poll(() => onMap.count(), { timeout: waitMs }).toBe(own.length)
      // Some seconds of a living city, in which the other county speaks as well.
      const heard = () => frames.filter((frame) => frame.includes('"delta"')).length
      const before = heard()
      await expect.poll(heard, { timeout: waitMs }).toBeGreaterThan(before + 20)
      expect(frames.some((frame) => frame.includes(`"${own[0]}`))).toBe(true)
      expect(frames.filter((frame) => frame.includes(`"${elsewhere}`))).toEqual([])
    },
  )

  test('W6 guessed ids of the other county answer exactly as ids that are not there', patient, async () => {
    const cookie = await cookieOf(operator.context)
    const heard = async (path: string, id: string) => {
      const response = await api(path.replace('*', id), { headers: { cookie } })
      return [response.status, (await response.text()).replaceAll(id, '*')]
    }
    for (const path of ['/api/readings?point=*/station1/pm10', '/api/cameras/*/cam1/picture.jpg']) {
      const [status, body] = await heard(path, elsewhere)
      expect([path, status]).toEqual([path, 404])
      expect(await heard(path, 'E99')).toEqual([status, body])
    }
    expect(await (await api(`/api/devices?site=${elsewhere}`, { headers: { cookie } })).json()).toEqual([])
    expect((await api('/api/accounts', { headers: { cookie } })).status).toBe(403)
  })

  test('W6 a cookie that was stolen is worth nothing after its owner has logged out', patient, async () => {
    const { page, context } = operator
    const stolen = await cookieOf(context)
    expect((await api('/api/sites', { headers: { cookie: stolen } })).status).toBe(200)
    await shown(page, 'person').click()
    await shown(page, 'logout').click()
    await shown(page, 'login').waitFor({ timeout: waitMs })
    expect((await api('/api/sites', { headers: { cookie: stolen } })).status).toBe(401)
  })

  test('W6 the page of an account that is locked is cut and asks for a login', patient, async () => {
    const { page, context } = operator
    await logIn(page, 'wangmin', operatorPassword)
    await page.locator('[data-connection="live"]').waitFor({ timeout: waitMs })
    const cookie = await cookieOf(context)
    const { version } = (await asAdminGet<{ id: string; version: number }[]>('/api/accounts')).find(
      ({ id }) => id === 'wangmin',
    )!
    const beginMs = performance.now()
    await asAdmin('PATCH', '/api/accounts/wangmin', { expect: version, locked: true })
    expect((await api('/api/sites', { headers: { cookie } })).status).toBe(401)
    await shown(page, 'login').waitFor({ timeout: waitMs })
    console.log(`cut after ${Math.round(performance.now() - beginMs)} ms`)
    await logIn(page, 'wangmin', operatorPassword)
    await page.locator('[data-testid="failure"][data-code="wrong-credentials"]').waitFor({ timeout: waitMs })
  })

  test('W2 "farwatch accounts reset" at the machine lets the account in again', patient, async () => {
    const command = startCommand(['accounts', 'reset', 'wangmin', '--home', home])
    expect((await command.ended).code).toBe(0)
    const [, oneTime = ''] = /one-time password (\S+)/.exec(command.stdout()) ?? []
    const { page } = operator
    await logIn(page, 'wangmin', oneTime)
    await choosePassword(page, oneTime, `${operatorPassword} again`)
    await shown(page, 'person').waitFor({ timeout: waitMs })
  })
})

async function asAdminGet<T>(path: string): Promise<T> {
  const response = await api(path, { headers: { cookie: await cookieOf(admin.context) } })
  expect(response.status, path).toBe(200)
  return (await response.json()) as T
}
