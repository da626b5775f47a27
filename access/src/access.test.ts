import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Grant } from '@farwatch/model'
import { afterEach, expect, test } from 'vitest'
import { resetAtMachine } from './start.ts'
import { chief, done, everywhere, from, person, startedAccess } from './testing.ts'
import { fromBase32, hotp } from './totp.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function started(over: Parameters<typeof startedAccess>[0] = {}) {
  const access = await startedAccess(over)
  cleanUps.push(access.remove)
  return access
}

const operator: Grant = { role: 'operator', jurisdiction: '341602', department: null, enterprise: null }
const dayMs = 86_400_000

test('W2 the first start makes admin with a one-time password, which must be changed before anything else', async () => {
  const { desk, firstPassword, home } = await started()
  expect(firstPassword).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/)
  expect(desk.open).toBe(true)
  const login = done(await desk.login({ account: 'admin', password: firstPassword, from }))
  expect(login.caller).toMatchObject({ mustChangePassword: true, principal: { grants: [everywhere] } })
  expect(desk.open).toBe(false)
  expect((await stat(join(home, 'accounts.json'))).mode & 0o777).toBe(0o600)
  expect((await stat(join(home, 'sessions.json'))).mode & 0o777).toBe(0o600)

  const change = (next: string) => desk.changePassword(login.caller, { current: firstPassword, next, from })
  expect(await change('admin2026admin')).toMatchObject({ outcome: 'done' })
  expect(desk.bySession(login.secret, from.address)).toBeUndefined()
  expect(await desk.login({ account: 'admin', password: firstPassword, from })).toMatchObject({
    reason: 'wrong-credentials',
  })
})

test('W2 a weak password, the old one again or a wrong current one change nothing', async () => {
  const { desk } = await started()
  const { caller, password, secret } = await person(desk, 'wangmin', [operator])
  const change = (current: string, next: string) => desk.changePassword(caller, { current, next, from })
  expect(await change(password, 'password123')).toMatchObject({ reason: 'weak-password' })
  expect(await change(password, password)).toMatchObject({ reason: 'weak-password' })
  expect(await change('not the password', 'something else 77')).toMatchObject({ reason: 'wrong-credentials' })
  expect(desk.bySession(secret, from.address)).toBeDefined()
})

test('W2 whether an account exists cannot be told from the answer, nor from its time', async () => {
  const { desk } = await started()
  await person(desk, 'wangmin', [operator])
  const timed = async (account: string) => {
    const beginMs = performance.now()
    const answer = await desk.login({ account, password: 'not the password', from })
    return { answer, ms: performance.now() - beginMs }
  }
  await timed('nobody')
  const known = await timed('wangmin')
  const unknown = await timed('nobody')
  const inherited = await timed('constructor')
  expect(known.answer).toEqual(unknown.answer)
  expect(inherited.answer).toEqual(unknown.answer)
  // Both computed a hash: without one the answer takes well under a millisecond.
  expect(Math.min(known.ms, unknown.ms)).toBeGreaterThan(5)
})

test('W2 after five wrong passwords the right one waits too, until the time is over or an administrator resets', async () => {
  const { desk, clock } = await started()
  const { password } = await person(desk, 'wangmin', [operator])
  const login = (given: string) => desk.login({ account: 'wangmin', password: given, from })
  for (let n = 0; n < 5; n++) expect(await login('wrong')).toMatchObject({ reason: 'wrong-credentials' })
  expect(await login(password)).toMatchObject({
    reason: 'too-many-attempts',
    retryAfterMs: expect.any(Number),
  })
  clock.move(1_100)
  expect(await login(password)).toMatchObject({ outcome: 'done' })
  for (let n = 0; n < 5; n++) await login('wrong')
  const { oneTimePassword } = done(await desk.resetAccount(chief, 'wangmin', { secondFactor: false }))
  expect(await login(oneTimePassword)).toMatchObject({ outcome: 'done' })
})

test('W6 a session ends with log-out, with its idle and its whole time, with a new password, a lock, other rights', async () => {
  const { desk, clock } = await started()
  const lives = (secret: string) => desk.bySession(secret, from.address) !== undefined
  const { password } = await person(desk, 'wangmin', [operator])
  const enter = async () => done(await desk.login({ account: 'wangmin', password, from })).secret

  const first = await enter()
  expect(lives(first)).toBe(true)
  expect(lives(`${first.slice(0, -1)}${first.endsWith('A') ? 'B' : 'A'}`)).toBe(false)
  await desk.logout(first)
  expect(lives(first)).toBe(false)

  const idle = await enter()
  clock.move(29 * 60_000)
  expect(lives(idle)).toBe(true)
  clock.move(29 * 60_000)
  expect(lives(idle)).toBe(true)
  clock.move(31 * 60_000)
  expect(lives(idle)).toBe(false)

  const whole = await enter()
  for (let n = 0; n < 26; n++) {
    clock.move(27 * 60_000)
    expect(lives(whole)).toBe(true)
  }
  clock.move(19 * 60_000)
  expect(lives(whole)).toBe(false)

  const [locked, regranted] = [await enter(), await enter()]
  const version = () => desk.account(chief, 'wangmin')?.version ?? 0
  done(
    await desk.changeAccount(chief, 'wangmin', {
      expect: version(),
      grants: [{ ...operator, role: 'leader' }],
    }),
  )
  expect([lives(locked), lives(regranted)]).toEqual([false, false])
  const again = await enter()
  done(await desk.changeAccount(chief, 'wangmin', { expect: version(), locked: true }))
  expect(lives(again)).toBe(false)
  expect(await desk.login({ account: 'wangmin', password, from })).toMatchObject({
    reason: 'wrong-credentials',
  })
})

test('W2 a login gives a new session and ends the one that the browser had: none can be planted', async () => {
  const { desk } = await started()
  const { password, secret } = await person(desk, 'wangmin', [operator])
  const next = done(await desk.login({ account: 'wangmin', password, from, replaces: secret }))
  expect(next.secret).not.toBe(secret)
  expect(desk.bySession(secret, from.address)).toBeUndefined()
  const planted = done(await desk.login({ account: 'wangmin', password, from, replaces: 'planted' }))
  expect(desk.bySession('planted', from.address)).toBeUndefined()
  expect(desk.sessions('wangmin')).toHaveLength(2)
  done(await desk.endSession('wangmin', planted.caller.session ?? ''))
  expect(desk.bySession(planted.secret, from.address)).toBeUndefined()
  for (let n = 0; n < 12; n++) done(await desk.login({ account: 'wangmin', password, from }))
  expect(desk.sessions('wangmin')).toHaveLength(10)
})

test('W2 sessions and accounts outlive a restart; their secrets stand in no file', async () => {
  const before = await startedAccess()
  const { secret, password, caller } = await person(before.desk, 'wangmin', [operator])
  const { token } = done(
    await before.desk.createToken(caller, { name: 'export', grants: [operator], days: 1 }),
  )
  await before.stop()
  const files = await Promise.all(
    ['accounts.json', 'sessions.json'].map((name) => readFile(join(before.home, name), 'utf8')),
  )
  for (const secretText of [secret, password, token, token.split('.')[1] ?? '']) {
    expect(files.join('').includes(secretText)).toBe(false)
  }
  const { desk, firstPassword } = await started({ home: before.home })
  expect(firstPassword).toBe('')
  expect(desk.open).toBe(false)
  expect(desk.bySession(secret, from.address)?.principal.actor.account).toBe('wangmin')
  expect(desk.byToken(token, from.address)?.principal.grants).toEqual([operator])
})

test('W2 the second factor: enrolled with a code, asked for at login, once a code, recovery codes once each', async () => {
  const { desk, clock } = await started()
  const { caller, password } = await person(desk, 'wangmin', [operator])
  const own = { password, address: from.address }
  expect(await desk.beginSecondFactor(caller, { ...own, password: 'wrong' })).toMatchObject({
    reason: 'wrong-credentials',
  })
  const { secret, uri } = done(await desk.beginSecondFactor(caller, own))
  expect(uri).toContain(secret)
  const code = () => codeOf(secret, clock.now())
  expect(await desk.confirmSecondFactor(caller, { code: '000000', address: from.address })).toMatchObject({
    reason: 'wrong-code',
  })
  const first = code()
  const { recoveryCodes } = done(
    await desk.confirmSecondFactor(caller, { code: first, address: from.address }),
  )
  expect(recoveryCodes).toHaveLength(10)

  const login = (given?: string) =>
    desk.login({ account: 'wangmin', password, from, ...(given === undefined ? {} : { code: given }) })
  expect(await login()).toMatchObject({ reason: 'second-factor-required' })
  expect(await login(first)).toMatchObject({ reason: 'wrong-credentials' })
  clock.move(60_000)
  const next = code()
  const both = await Promise.all([login(next), login(next)])
  expect(both.map(({ outcome }) => outcome).sort()).toEqual(['done', 'refused'])
  const [recovery = ''] = recoveryCodes
  expect(await login(recovery)).toMatchObject({ outcome: 'done' })
  expect(await login(recovery)).toMatchObject({ reason: 'wrong-credentials' })
  done(await desk.removeSecondFactor(caller, own))
  expect(await login()).toMatchObject({ outcome: 'done' })
})

test('W2 who knows the password and guesses codes waits as well: asking without a code forgives nothing', async () => {
  const { desk } = await started()
  const { caller, password } = await person(desk, 'wangmin', [operator])
  const { secret } = done(await desk.beginSecondFactor(caller, { password, address: from.address }))
  const now = codeOf(secret, Date.now())
  done(await desk.confirmSecondFactor(caller, { code: now, address: from.address }))
  const outcomes: string[] = []
  for (let n = 0; n < 6; n++) {
    await desk.login({ account: 'wangmin', password, from })
    const answer = await desk.login({ account: 'wangmin', password, code: now, from })
    outcomes.push(answer.outcome === 'refused' ? answer.reason : 'done')
  }
  expect(outcomes).toEqual([...Array<string>(5).fill('wrong-credentials'), 'too-many-attempts'])
})

test('W2 a token may not do more than its account, loses what the account loses, expires and can be revoked', async () => {
  const { desk, clock } = await started()
  const { caller } = await person(desk, 'wangmin', [operator])
  const make = (grants: readonly Grant[], days = 30) =>
    desk.createToken(caller, { name: 'job', grants, days })
  expect(await make([{ ...operator, jurisdiction: '341600' }])).toMatchObject({ reason: 'beyond-own-rights' })
  expect(await make([everywhere])).toMatchObject({ reason: 'beyond-own-rights' })
  const { token, view } = done(await make([{ ...operator, jurisdiction: '341602001' }]))
  const bearer = () => desk.byToken(token, from.address)
  expect(bearer()).toMatchObject({
    session: null,
    principal: { actor: { account: 'wangmin', via: 'token' } },
  })
  expect(desk.byToken(`${token}x`, from.address)).toBeUndefined()
  expect(await desk.createToken(bearer()!, { name: 'child', grants: [operator], days: 1 })).toMatchObject({
    reason: 'no-account',
  })
  const grants = [{ ...operator, jurisdiction: '341623' }]
  done(await desk.changeAccount(chief, 'wangmin', { expect: 2, grants }))
  expect(bearer()?.principal.grants).toEqual([])
  clock.move(31 * dayMs)
  expect(bearer()).toBeUndefined()
  done(await desk.revokeToken('wangmin', view.id))
  expect(desk.tokens('wangmin')).toEqual([])
})

test('W2 nobody gives rights beyond their own, nor touches an account that has more', async () => {
  const { desk } = await started()
  const county: Grant = { role: 'administrator', jurisdiction: '341602', department: null, enterprise: null }
  const { caller } = await person(desk, 'county', [county])
  const by = caller.principal
  const make = (id: string, grants: readonly Grant[]) => desk.createAccount(by, { id, name: id, grants })
  expect(await make('x', [everywhere])).toMatchObject({ reason: 'beyond-own-rights' })
  expect(await make('x', [{ ...operator, jurisdiction: '341623' }])).toMatchObject({
    reason: 'beyond-own-rights',
  })
  expect(await make('wangmin', [operator])).toMatchObject({ outcome: 'done' })
  expect(await make('admin', [operator])).toMatchObject({ reason: 'account-exists' })
  expect(desk.accounts(by).map(({ id }) => id)).toEqual(['county', 'wangmin'])
  expect(desk.account(by, 'admin')).toBeUndefined()
  expect(await desk.resetAccount(by, 'admin', { secondFactor: true })).toMatchObject({
    reason: 'unknown-account',
  })
  expect(await desk.changeAccount(by, 'admin', { expect: 1, locked: true })).toMatchObject({
    reason: 'unknown-account',
  })
  expect(await desk.changeAccount(by, 'wangmin', { expect: 1, grants: [everywhere] })).toMatchObject({
    reason: 'beyond-own-rights',
  })
  expect(await desk.changeAccount(by, 'wangmin', { expect: 7, name: 'other' })).toMatchObject({
    reason: 'conflict',
  })
})

test('W2 the last who manages accounts everywhere can be neither locked nor stripped', async () => {
  const { desk } = await started()
  expect(await desk.changeAccount(chief, 'admin', { expect: 1, locked: true })).toMatchObject({
    reason: 'last-administrator',
  })
  await person(desk, 'second', [everywhere])
  expect(await desk.changeAccount(chief, 'admin', { expect: 1, locked: true })).toMatchObject({
    outcome: 'done',
  })
  expect(await desk.changeAccount(chief, 'second', { expect: 2, grants: [operator] })).toMatchObject({
    reason: 'last-administrator',
  })
})

test('W2 a one-time password of an administrator holds for three days', async () => {
  const { desk, clock } = await started()
  const { oneTimePassword } = done(
    await desk.createAccount(chief, { id: 'late', name: 'Late', grants: [operator] }),
  )
  clock.move(3 * dayMs + 1)
  expect(await desk.login({ account: 'late', password: oneTimePassword, from })).toMatchObject({
    reason: 'wrong-credentials',
  })
})

test('W2 a reset at the machine reaches the running platform, ends sessions and lets the account in again', async () => {
  const { desk, home } = await started()
  const { secret, caller, password } = await person(desk, 'chief', [everywhere])
  const { secret: totp } = done(await desk.beginSecondFactor(caller, { password, address: from.address }))
  done(await desk.confirmSecondFactor(caller, { code: codeOf(totp, Date.now()), address: from.address }))
  done(await desk.changeAccount(chief, 'chief', { expect: 2, locked: true }))
  const told = new Promise<void>((resolve) => desk.subscribe(resolve))
  const oneTimePassword = await resetAtMachine(home, 'chief')
  await told
  expect(desk.bySession(secret, from.address)).toBeUndefined()
  const another = await resetAtMachine(home, 'chief')
  expect(await desk.login({ account: 'chief', password: another, from })).toMatchObject({ outcome: 'done' })
  expect(await desk.login({ account: 'chief', password: oneTimePassword, from })).toMatchObject({
    reason: 'wrong-credentials',
  })
  await expect(resetAtMachine(home, 'nobody')).rejects.toMatchObject({ code: 'unknown-account' })
})

/** What an authenticator program shows. */
function codeOf(secret: string, nowMs: number): string {
  return hotp(fromBase32(secret), Math.floor(nowMs / 30_000), 6)
}
