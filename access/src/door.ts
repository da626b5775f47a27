import type { Caller, Done, From, Login, Refused } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import { type Accounts, refused } from './accounts.ts'
import type { Attempts } from './attempts.ts'
import { isOutdated, type PasswordHasher } from './password-hash.ts'
import { newSecretText, sha256 } from './secrets.ts'
import type { Sessions } from './sessions.ts'
import type { StoredAccount } from './stored.ts'
import { stepOf } from './totp.ts'

export interface DoorParts {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly attempts: Attempts
  readonly hasher: PasswordHasher
  readonly clock: Clock
}

const wrong = refused('wrong-credentials', 'account, password or code are wrong')

/** How people come in and go: passwords and second factors are checked here and nowhere else. */
export class Door {
  readonly #parts: DoorParts

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  async login(attempt: {
    account: string
    password: string
    code?: string
    from: From
    replaces?: string
  }): Promise<Done<Login> | Refused> {
    const { accounts, attempts, hasher } = this.#parts
    const { account: id, from } = attempt
    const waiting = this.mustWait(id, from.address)
    if (waiting !== undefined) return waiting
    const counted = attempts.begin(id, from.address)
    // A password that was reset at the machine this very moment holds already.
    await accounts.refresh()
    const account = accounts.get(id)
    const isRight = await hasher
      .verify(attempt.password, account === undefined ? null : this.#usablePassword(account))
      .catch((error: unknown) => {
        counted.withdrawn()
        throw error
      })
    if (account === undefined || !isRight) return wrong
    if (account.secondFactor !== null) {
      if (attempt.code === undefined) {
        counted.withdrawn()
        return refused('second-factor-required', 'the code of the second factor is missing')
      }
      if (!(await this.#takeCode(id, attempt.code))) return wrong
    }
    counted.succeeded()
    if (account.password !== null && isOutdated(account.password))
      await this.#rehash(id, account.password, attempt.password)
    return this.enter(id, account, from, attempt.replaces)
  }

  /** A session for somebody who has proven who they are. The old one of the same browser ends: no session outlives a login. */
  async enter(id: string, account: StoredAccount, from: From, replaces?: string): Promise<Done<Login>> {
    const { accounts, sessions, clock } = this.#parts
    await accounts.close(clock.now())
    const created = await sessions.create(
      { account: id, version: account.version, from },
      replaces === undefined ? undefined : sha256(replaces),
    )
    const caller = callerOf(id, account, { session: created.id, address: from.address })
    return { outcome: 'done', secret: created.secret, expiresMs: created.expiresMs, caller }
  }

  /** Whether this is the password of the account, counted and delayed as a login is. */
  async confirm(id: string, password: string, address: string): Promise<Done | Refused> {
    const { accounts, attempts, hasher } = this.#parts
    const waiting = this.mustWait(id, address)
    if (waiting !== undefined) return waiting
    const account = accounts.require(id)
    if (account.password === null)
      return refused('no-password', 'the account has no password: it comes by single sign-on')
    const counted = attempts.begin(id, address)
    const isRight = await hasher.verify(password, account.password).catch((error: unknown) => {
      counted.withdrawn()
      throw error
    })
    if (!isRight) return refused('wrong-credentials', 'the password is wrong')
    counted.succeeded()
    return { outcome: 'done' }
  }

  mustWait(id: string, address: string): Refused | undefined {
    const waitMs = this.#parts.attempts.waitMs(id, address)
    if (waitMs === 0) return undefined
    const seconds = Math.ceil(waitMs / 1_000)
    return refused(
      'too-many-attempts',
      `too many attempts failed; expected none for another ${seconds} s`,
      waitMs,
    )
  }

  #usablePassword({ locked, password, passwordExpiresMs }: StoredAccount): string | null {
    const expired = passwordExpiresMs !== null && passwordExpiresMs <= this.#parts.clock.now()
    return locked || expired ? null : password
  }

  /** A code of the second factor, or a recovery code: each holds once, which is durable before anybody is let in. */
  async #takeCode(id: string, code: string): Promise<boolean> {
    const { accounts, clock } = this.#parts
    const done = await accounts.change(id, (account) => {
      const { secondFactor } = account
      if (secondFactor === null) return account
      const { secret, lastStep, recoverySha256 } = secondFactor
      const digits = code.replace(/\s/g, '')
      const step = stepOf(secret, digits, { nowMs: clock.now(), lastStep })
      if (step !== undefined) return { ...account, secondFactor: { ...secondFactor, lastStep: step } }
      const hash = sha256(digits.toLowerCase())
      if (!recoverySha256.includes(hash)) return wrong
      const left = recoverySha256.filter((one) => one !== hash)
      return { ...account, secondFactor: { ...secondFactor, recoverySha256: left } }
    })
    return done.outcome === 'done'
  }

  async #rehash(id: string, old: string, password: string): Promise<void> {
    const { accounts, hasher } = this.#parts
    const hash = await hasher.hash(password)
    await accounts.change(id, (account) =>
      account.password === old ? { ...account, password: hash } : account,
    )
  }
}

/** Who an account is to the rest of the platform. */
export function callerOf(
  id: string,
  { name, grants, mustChangePassword }: Pick<StoredAccount, 'name' | 'grants' | 'mustChangePassword'>,
  by: { session: string | null; address: string },
): Caller {
  const via = by.session === null ? 'token' : 'session'
  return {
    principal: { actor: { account: id, name, via, from: by.address.slice(0, 64) }, grants },
    ...{ session: by.session, mustChangePassword },
  }
}

const tokenFormat = /^farwatch_([A-Za-z0-9_-]{1,300})\.([A-Za-z0-9_-]{43})$/

/** An API token names its account, so that it is found without a search. */
export function newTokenText(account: string): string {
  return `farwatch_${Buffer.from(account).toString('base64url')}.${newSecretText()}`
}

/** The account that a token names, or undefined where it is no token of ours. */
export function accountOfToken(token: string): string | undefined {
  const [, account] = tokenFormat.exec(token) ?? []
  return account === undefined ? undefined : Buffer.from(account, 'base64url').toString()
}
