import type { Caller, Done, From, Grant, Login, Refused, TokenView } from '@farwatch/model'
import { refused } from './accounts.ts'
import { type Door, type DoorParts, newTokenText } from './door.ts'
import { grantProblem } from './grants.ts'
import { passwordProblem } from './password-rules.ts'
import { newSecretText, newSpokenText, sha256 } from './secrets.ts'
import { bounds, type StoredToken } from './stored.ts'
import { newSecret, otpauthUri, stepOf } from './totp.ts'

const recoveryCodes = 10
/** 59 bits each */
const groupsOfRecoveryCode = 3
/** Second factors that have been begun and not confirmed; the oldest is forgotten first. */
const pendingAtOnce = 1_000
const dayMs = 86_400_000

const noAccount = refused('no-account', 'whoever asks has no account of their own')

/** What people do about their own account. */
export class OwnAccount {
  readonly #parts: DoorParts
  readonly #door: Door
  readonly #pending = new Map<string, string>()

  constructor(parts: DoorParts, door: Door) {
    this.#parts = parts
    this.#door = door
  }

  async changePassword(
    caller: Caller,
    { current, next, from }: { current: string; next: string; from: From },
  ): Promise<Done<Login> | Refused> {
    const { accounts, hasher } = this.#parts
    const id = this.#idOf(caller)
    if (id === undefined) return noAccount
    const confirmed = await this.#door.confirm(id, current, from.address)
    if (confirmed.outcome === 'refused') return confirmed
    const problem =
      next.normalize('NFKC') === current.normalize('NFKC')
        ? 'found the password that holds already, expected another'
        : passwordProblem(next, [id, accounts.require(id).name])
    if (problem !== undefined) return refused('weak-password', problem)
    const before = accounts.require(id)
    const password = await hasher.hash(next)
    const changed = await accounts.change(id, (account) =>
      account.version === before.version
        ? {
            ...account,
            password,
            mustChangePassword: false,
            passwordExpiresMs: null,
            version: account.version + 1,
          }
        : refused('conflict', 'the account has just been changed by somebody else'),
    )
    if (changed.outcome === 'refused') return changed
    return this.#door.enter(id, changed.account, from)
  }

  async beginSecondFactor(
    caller: Caller,
    { password, address }: { password: string; address: string },
  ): Promise<Done<{ secret: string; uri: string }> | Refused> {
    const id = this.#idOf(caller)
    if (id === undefined) return noAccount
    const confirmed = await this.#door.confirm(id, password, address)
    if (confirmed.outcome === 'refused') return confirmed
    const secret = newSecret()
    this.#pending.delete(id)
    this.#pending.set(id, secret)
    if (this.#pending.size > pendingAtOnce) this.#pending.delete(this.#pending.keys().next().value!)
    return { outcome: 'done', secret, uri: otpauthUri(secret, id) }
  }

  async confirmSecondFactor(
    caller: Caller,
    { code, address }: { code: string; address: string },
  ): Promise<Done<{ recoveryCodes: readonly string[] }> | Refused> {
    const { accounts, attempts, clock } = this.#parts
    const id = this.#idOf(caller)
    if (id === undefined) return noAccount
    const secret = this.#pending.get(id)
    if (secret === undefined)
      return refused(
        'no-pending-second-factor',
        'found no second factor that waits for its first code; begin again',
      )
    const waiting = this.#door.mustWait(id, address)
    if (waiting !== undefined) return waiting
    const counted = attempts.begin(id, address)
    const step = stepOf(secret, code.replace(/\s/g, ''), { nowMs: clock.now(), lastStep: 0 })
    if (step === undefined)
      return refused('wrong-code', 'the code is wrong; does the clock of the telephone show the right time?')
    counted.succeeded()
    const codes = Array.from({ length: recoveryCodes }, () => newSpokenText(groupsOfRecoveryCode))
    const done = await accounts.change(id, (account) => ({
      ...account,
      secondFactor: { secret, lastStep: step, recoverySha256: codes.map(sha256) },
    }))
    if (done.outcome === 'refused') return done
    this.#pending.delete(id)
    return { outcome: 'done', recoveryCodes: codes }
  }

  async removeSecondFactor(
    caller: Caller,
    { password, address }: { password: string; address: string },
  ): Promise<Done | Refused> {
    const id = this.#idOf(caller)
    if (id === undefined) return noAccount
    const confirmed = await this.#door.confirm(id, password, address)
    if (confirmed.outcome === 'refused') return confirmed
    const done = await this.#parts.accounts.change(id, (account) => ({ ...account, secondFactor: null }))
    return done.outcome === 'refused' ? done : { outcome: 'done' }
  }

  tokens(id: string): readonly TokenView[] {
    return (this.#parts.accounts.get(id)?.tokens ?? []).map(tokenView)
  }

  async createToken(
    caller: Caller,
    { name, grants, days }: { name: string; grants: readonly Grant[]; days: number },
  ): Promise<Done<{ token: string; view: TokenView }> | Refused> {
    const { accounts, clock } = this.#parts
    const id = this.#idOf(caller)
    if (id === undefined) return noAccount
    const problem = grants.map(grantProblem).find((one) => one !== undefined)
    if (problem !== undefined || grants.length === 0)
      return refused('bad-grant', problem ?? 'found no grant, expected at least one')
    const token = newTokenText(id)
    const createdMs = clock.now()
    const stored: StoredToken = {
      ...{ id: newSecretText().slice(0, 12), name, grants: [...grants], sha256: sha256(token) },
      ...{ createdMs, expiresMs: createdMs + days * dayMs },
    }
    const done = await accounts.change(id, (account) => {
      if (!accounts.mayGive(account.grants, stored.grants))
        return refused('beyond-own-rights', 'a token may not do more than its account')
      const living = account.tokens.filter(({ expiresMs }) => expiresMs > createdMs)
      if (living.length >= bounds.tokensPerAccount)
        return refused('too-many', `found ${living.length} tokens, expected fewer; revoke one first`)
      return { ...account, tokens: [...living, stored] }
    })
    return done.outcome === 'refused' ? done : { outcome: 'done', token, view: tokenView(stored) }
  }

  async revokeToken(id: string, token: string): Promise<Done | Refused> {
    const done = await this.#parts.accounts.change(id, (account) => {
      const left = account.tokens.filter((one) => one.id !== token)
      if (left.length === account.tokens.length)
        return refused('unknown-token', `the account has no token ${token}`)
      return { ...account, tokens: left }
    })
    return done.outcome === 'refused' ? done : { outcome: 'done' }
  }

  /** Only who has logged in manages an account; a token that was lost must not make others. */
  #idOf({ session, principal }: Caller): string | undefined {
    return session === null ? undefined : principal.actor.account
  }
}

function tokenView({ id, name, grants, createdMs, expiresMs }: StoredToken): TokenView {
  return { id, name, grants, createdMs, expiresMs }
}
