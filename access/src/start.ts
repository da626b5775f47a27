import { join } from 'node:path'
import { type AccessDesk, FarwatchError, type Grant, messageOf } from '@farwatch/model'
import { type Clock, type Logger, type Service, startService, systemClock } from '@farwatch/runtime'
import { Access } from './access.ts'
import { Accounts, newAccount } from './accounts.ts'
import { Administration } from './administration.ts'
import { Attempts } from './attempts.ts'
import type { EnterpriseScope } from './grants.ts'
import { PasswordHasher } from './password-hash.ts'
import { newSpokenText } from './secrets.ts'
import { defaultSessionTimes, Sessions, type SessionTimes } from './sessions.ts'
import { SingleSignOn, type SingleSignOnConfig } from './single-sign-on.ts'
import { StateFile } from './state-file.ts'
import { StoredAccounts, StoredSessions } from './stored.ts'

export interface AccessConfig {
  /** The data folder: `accounts.json` and `sessions.json` lie in it. */
  readonly home: string
  readonly singleSignOn?: SingleSignOnConfig | undefined
  readonly sessionTimes?: SessionTimes
}

interface AccessDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly enterpriseScope: EnterpriseScope
}

/** The account that the first start makes. */
const firstAccount = 'admin'
const everywhere: Grant = { role: 'administrator', jurisdiction: null, department: null, enterprise: null }
/** How soon what another process wrote (`farwatch accounts reset`) holds here, and ended sessions are cut. */
const lookEveryMs = 500

/**
 * Opens accounts and sessions; where there are none, makes the account `admin`, whose one-time password is in `firstPassword`
 * and nowhere else.
 * @throws FarwatchError `bad-accounts`, `accounts-unavailable`.
 */
export function startAccess(
  config: AccessConfig,
  { clock, log, enterpriseScope }: AccessDeps,
): Promise<Service & { desk: AccessDesk; firstPassword: string | undefined }> {
  return startService(log, async (life) => {
    const opened = await openAccess(config, { clock, enterpriseScope })
    const { parts, files } = opened
    const singleSignOn =
      config.singleSignOn === undefined ? undefined : new SingleSignOn(config.singleSignOn, clock)
    const desk = new Access(parts, singleSignOn)
    const firstPassword = files.accounts.exists ? undefined : await makeFirstAccount(files.accounts, parts)

    let troubled = false
    const look = async () => {
      try {
        const changed = [await files.accounts.refresh(), await files.sessions.refresh()]
        await parts.sessions.keep()
        troubled = false
        if (changed.includes(true)) desk.tell()
      } catch (error) {
        if (!troubled) log.warn({ problem: messageOf(error) }, 'accounts cannot be looked after')
        troubled = true
      }
    }
    let looking = Promise.resolve()
    let idle = true
    const stop = clock.every(lookEveryMs, () => {
      if (!idle) return
      idle = false
      looking = look().finally(() => {
        idle = true
      })
    })
    life.onStop('accounts', async () => {
      stop()
      await looking
      await Promise.all([files.accounts.settled(), files.sessions.settled()])
    })
    return { desk, firstPassword }
  })
}

/**
 * A new one-time password for an account, whoever runs it: files on this machine are the last resort. Unlocks the account and
 * removes its second factor. A running platform notices by itself.
 * @throws FarwatchError `unknown-account`, `bad-accounts`, `accounts-unavailable`.
 */
export async function resetAtMachine(home: string, id: string): Promise<string> {
  const { parts, files } = await openAccess(
    { home },
    { clock: systemClock, enterpriseScope: () => undefined },
  )
  if (!files.accounts.exists)
    throw new FarwatchError('unknown-account', `${home} holds no accounts yet; the first start makes them`)
  const done = await new Administration(parts).reset(undefined, id, { secondFactor: true })
  if (done.outcome === 'refused') throw new FarwatchError('unknown-account', done.detail)
  return done.oneTimePassword
}

async function openAccess(
  { home, sessionTimes = defaultSessionTimes }: AccessConfig,
  { clock, enterpriseScope }: Pick<AccessDeps, 'clock' | 'enterpriseScope'>,
) {
  const files = {
    accounts: await StateFile.open(join(home, 'accounts.json'), StoredAccounts, {
      ...{ v: 1, firstLoginMs: null, accounts: {} },
    }),
    sessions: await StateFile.open(join(home, 'sessions.json'), StoredSessions, { v: 1, sessions: {} }),
  }
  const parts = {
    accounts: new Accounts(files.accounts, enterpriseScope),
    sessions: new Sessions(files.sessions, clock, sessionTimes),
    attempts: new Attempts(clock),
    hasher: new PasswordHasher(),
    clock,
  }
  return { files, parts }
}

async function makeFirstAccount(
  file: StateFile<StoredAccounts>,
  { hasher, clock }: { hasher: PasswordHasher; clock: Clock },
): Promise<string> {
  const oneTimePassword = newSpokenText(4)
  const account = newAccount({
    ...{ name: 'Administrator', grants: [everywhere], createdMs: clock.now() },
    ...{ password: await hasher.hash(oneTimePassword), mustChangePassword: true },
  })
  await file.change((content) => ({ ...content, accounts: { [firstAccount]: account } }))
  return oneTimePassword
}
