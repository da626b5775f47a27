import { createRequire } from 'node:module'
import type { Grant } from '@farwatch/model'
import { foreignPeer } from '@farwatch/runtime/testing'
import { afterEach, expect, test } from 'vitest'
import { callbackPath, type SingleSignOnConfig, singleSignOnOf } from './single-sign-on.ts'
import { chief, done, from, person, startedAccess } from './testing.ts'
import { logInAtProvider, startProvider } from './testing-provider.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const origin = 'http://127.0.0.1:8080'
const operator: Grant = { role: 'operator', jurisdiction: '341602', department: null, enterprise: null }
const { version } = createRequire(import.meta.url)('oidc-provider/package.json') as { version: string }
const peer = { name: 'oidc-provider', version }

async function started(grants: SingleSignOnConfig['grants'] = null) {
  const provider = await startProvider({ id: 'farwatch', secret: 'secret', redirect: origin + callbackPath })
  const config = {
    ...{ name: 'City', issuer: provider.issuer, clientId: 'farwatch', clientSecret: 'secret' },
    ...{ origin, claim: 'groups', grants },
  }
  const access = await startedAccess({ singleSignOn: config })
  cleanUps.push(access.remove, provider.stop)
  return { provider, ...access }
}

async function logIn(desk: Awaited<ReturnType<typeof started>>['desk'], name: string) {
  const { url, state } = await desk.beginSingleSignOn()
  const back = await logInAtProvider(url, name)
  expect(back.origin + back.pathname).toBe(origin + callbackPath)
  return { back, state, finish: () => desk.finishSingleSignOn({ query: back.search, state, from }) }
}

test('W2 who comes by single sign-on for the first time gets an account without rights, the next time the same', async (context) => {
  foreignPeer(context, peer)
  const { desk } = await started()
  const first = done(await (await logIn(desk, 'wangmin')).finish())
  expect(first.caller.principal).toMatchObject({
    actor: { account: 'wangmin', name: 'Name of wangmin', via: 'session' },
    grants: [],
  })
  expect(desk.open).toBe(false)
  done(await desk.changeAccount(chief, 'wangmin', { expect: 1, grants: [operator] }))
  const second = done(await (await logIn(desk, 'wangmin')).finish())
  expect(second.caller.principal.grants).toEqual([operator])
  expect(await desk.login({ account: 'wangmin', password: '', from })).toMatchObject({
    reason: 'wrong-credentials',
  })
})

test('W2 the groups that the provider names decide at each login, where they are mapped', async (context) => {
  foreignPeer(context, peer)
  const { desk, provider } = await started({ 'qiaocheng-desk': [operator] })
  provider.groups.set('wangmin', ['staff', 'qiaocheng-desk', 'constructor'])
  const first = done(await (await logIn(desk, 'wangmin')).finish())
  expect(first.caller.principal.grants).toEqual([operator])
  provider.groups.set('wangmin', ['staff'])
  const second = done(await (await logIn(desk, 'wangmin')).finish())
  expect(second.caller.principal.grants).toEqual([])
  expect(desk.bySession(first.secret, from.address)).toBeUndefined()
})

test('W2 single sign-on takes over no account with a password, and no locked one comes in', async (context) => {
  foreignPeer(context, peer)
  const { desk } = await started()
  await person(desk, 'wangmin', [operator])
  const stranger = done(await (await logIn(desk, 'wangmin')).finish())
  const { account } = stranger.caller.principal.actor
  expect(account).toMatch(/^sso-[0-9a-f]{16}$/)
  done(await desk.changeAccount(chief, account, { expect: 1, locked: true }))
  expect(await (await logIn(desk, 'wangmin')).finish()).toMatchObject({ reason: 'single-sign-on-failed' })
})

test('W2 an answer of the provider holds once, for the browser that began, and unaltered', async (context) => {
  foreignPeer(context, peer)
  const { desk } = await started()
  const one = await logIn(desk, 'wangmin')
  const other = await desk.beginSingleSignOn()
  const with_ = (query: string, state: string) => desk.finishSingleSignOn({ query, state, from })
  expect(await with_(one.back.search, '')).toMatchObject({ reason: 'single-sign-on-failed' })
  expect(await with_(one.back.search, other.state)).toMatchObject({ reason: 'single-sign-on-failed' })
  expect(await one.finish()).toMatchObject({ outcome: 'done' })
  expect(await one.finish()).toMatchObject({ reason: 'single-sign-on-failed' })
  const two = await logIn(desk, 'wangmin')
  const altered = new URLSearchParams(two.back.search)
  altered.set('code', 'guessed')
  expect(await with_(`?${altered}`, two.state)).toMatchObject({ reason: 'single-sign-on-failed' })
})

test('W2 a provider that does not answer is a problem of its own, and passwords go on', async () => {
  const { desk, provider, firstPassword } = await started()
  await provider.stop()
  cleanUps.pop()
  await expect(desk.beginSingleSignOn()).rejects.toMatchObject({
    ...{ code: 'single-sign-on-unavailable', retryable: true },
  })
  expect(await desk.login({ account: 'admin', password: firstPassword, from })).toMatchObject({
    outcome: 'done',
  })
})

test('W2 single sign-on is configured by the environment; each mistake names its variable', () => {
  const good = {
    FARWATCH_OIDC_ISSUER: 'https://login.city.example',
    FARWATCH_OIDC_CLIENT_ID: 'farwatch',
    FARWATCH_OIDC_CLIENT_SECRET: 'secret',
    FARWATCH_OIDC_ORIGIN: 'https://farwatch.city.example',
    FARWATCH_OIDC_GRANTS: JSON.stringify({ desk: [operator] }),
  }
  expect(singleSignOnOf({})).toBeUndefined()
  expect(singleSignOnOf(good)).toMatchObject({ claim: 'groups', name: 'SSO', grants: { desk: [operator] } })
  const message = (over: Record<string, string>) => {
    try {
      return singleSignOnOf({ ...good, ...over })
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(message({ FARWATCH_OIDC_CLIENT_ID: '' })).toMatch(/^FARWATCH_OIDC_CLIENT_ID: /)
  expect(message({ FARWATCH_OIDC_ORIGIN: 'farwatch' })).toMatch(/^FARWATCH_OIDC_ORIGIN: /)
  expect(message({ FARWATCH_OIDC_GRANTS: '{' })).toMatch(/^FARWATCH_OIDC_GRANTS: found .*JSON/)
  expect(message({ FARWATCH_OIDC_GRANTS: '{"desk": [{"role": "king"}]}' })).toMatch(
    /^FARWATCH_OIDC_GRANTS\.desk/,
  )
  expect(message({ FARWATCH_OIDC_ISSUER: 'http://login.city.example' })).toMatch(
    /^FARWATCH_OIDC_ISSUER: .*https/,
  )
})
