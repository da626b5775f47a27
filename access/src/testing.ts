import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AccessDesk, Caller, Done, Grant, Login, Principal, Refused } from '@farwatch/model'
import { type Clock, silentLog, systemClock } from '@farwatch/runtime'
import { type AccessConfig, startAccess } from './start.ts'

export const from = { address: '127.0.0.1', agent: 'test' }
export const everywhere: Grant = {
  role: 'administrator',
  jurisdiction: null,
  department: null,
  enterprise: null,
}
export const chief: Principal = {
  actor: { account: 'admin', name: 'Administrator', via: 'session', from: null },
  grants: [everywhere],
}

/** A clock of its own: time goes on only when told; timers run in real time. */
export function movableClock(): Clock & { move(ms: number): void } {
  let aheadMs = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    move: (ms) => {
      aheadMs += ms
    },
  }
}

/** Accounts in a temporary folder. `stop` leaves it for another start, `remove` does not. */
export async function startedAccess(over: Partial<AccessConfig> = {}) {
  const home = over.home ?? (await mkdtemp(join(tmpdir(), 'farwatch-access-')))
  const clock = movableClock()
  const service = await startAccess(
    { home, ...over },
    { clock, log: silentLog, enterpriseScope: () => undefined },
  )
  return {
    ...{ home, clock, desk: service.desk, firstPassword: service.firstPassword ?? '' },
    stop: () => service.stop(),
    async remove() {
      await service.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** What must have been done. */
export function done<T>(result: Done<T> | Refused): Done<T> {
  if (result.outcome === 'refused') throw new Error(`refused: ${result.reason}: ${result.detail}`)
  return result
}

/** An account with a password of its own, logged in. */
export async function person(
  desk: AccessDesk,
  id: string,
  grants: readonly Grant[],
): Promise<Login & { password: string; caller: Caller }> {
  const { oneTimePassword } = done(await desk.createAccount(chief, { id, name: `Name of ${id}`, grants }))
  const { caller } = done(await desk.login({ account: id, password: oneTimePassword, from }))
  const password = `a sound password of ${id}`
  const login = done(await desk.changePassword(caller, { current: oneTimePassword, next: password, from }))
  return { ...login, password }
}
