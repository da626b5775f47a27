import type { Action, Grant, Principal } from './rights.ts'

/** Whoever asks, and by what: the session is named by its public id, never by its secret. */
export interface Caller {
  readonly principal: Principal
  /** Null for tokens and for those who are let in without an account. */
  readonly session: string | null
  /** Until then nothing but the own account's password may be changed. */
  readonly mustChangePassword: boolean
}

export interface AccountView {
  readonly id: string
  readonly name: string
  readonly grants: readonly Grant[]
  readonly locked: boolean
  readonly mustChangePassword: boolean
  readonly secondFactor: boolean
  /** Whether it comes by single sign-on. */
  readonly singleSignOn: boolean
  readonly sessions: number
  readonly createdMs: number
  /** Grows with every change by an administrator and with each new password. */
  readonly version: number
}

export interface SessionView {
  readonly id: string
  readonly createdMs: number
  readonly lastUsedMs: number
  readonly expiresMs: number
  readonly from: string
  readonly agent: string
}

export interface TokenView {
  readonly id: string
  readonly name: string
  readonly grants: readonly Grant[]
  readonly createdMs: number
  readonly expiresMs: number
}

/** `GET /api/session`: who asks, as the page needs to know it. */
export interface SessionInfo {
  /**
   * `out`: nobody is logged in; `in`: somebody is; `open`: nobody ever has, and this machine may come in; `password`: a
   * one-time password must be replaced first.
   */
  readonly state: 'out' | 'in' | 'open' | 'password'
  readonly account: { readonly id: string; readonly name: string } | null
  readonly grants: readonly Grant[]
  /** What may be done somewhere. */
  readonly actions: readonly Action[]
  /** Name of the single sign-on that is configured. */
  readonly singleSignOn: string | null
}

/** Why the desk does not do what is asked. */
export const accessRefusals = [
  'wrong-credentials',
  'second-factor-required',
  'too-many-attempts',
  'no-account',
  'unknown-account',
  'account-exists',
  'conflict',
  'beyond-own-rights',
  'bad-grant',
  'last-administrator',
  'weak-password',
  'no-password',
  'no-pending-second-factor',
  'wrong-code',
  'too-many',
  'unknown-session',
  'unknown-token',
  'single-sign-on-failed',
] as const
export type AccessRefusal = (typeof accessRefusals)[number]

export interface Refused {
  readonly outcome: 'refused'
  readonly reason: AccessRefusal
  /** For a person: what was found and what was expected. */
  readonly detail: string
  readonly retryAfterMs?: number
}
export type Done<T = unknown> = { readonly outcome: 'done' } & T

/** Where a request came from, as sessions and acts keep it. */
export interface From {
  readonly address: string
  /** The browser's name for itself; shown to the account's owner. */
  readonly agent: string
}

export interface Login {
  /** The cookie's value: 256 random bits, kept nowhere but by the browser. */
  readonly secret: string
  readonly caller: Caller
  readonly expiresMs: number
}

export interface AccountChange {
  /** The version that whoever changes it has seen; another one is a conflict. */
  readonly expect: number
  readonly name?: string
  readonly grants?: readonly Grant[]
  readonly locked?: boolean
}

/**
 * Accounts, sessions and tokens, as the console and its pages need them. Whatever is `done` is durable.
 * Everything that hashes a password may throw FarwatchError `busy` (retryable); everything that writes,
 * `accounts-unavailable` (retryable).
 */
export interface AccessDesk {
  /** True until somebody has logged in for the first time, ever: so long this machine's own listener asks for nothing. */
  readonly open: boolean
  /** Name of the single sign-on that is configured, for its button. */
  readonly singleSignOn: string | null

  login(attempt: {
    readonly account: string
    readonly password: string
    /** Second factor, or one of the recovery codes. */
    readonly code?: string
    readonly from: From
    /** The secret of a session of this browser, which ends. */
    readonly replaces?: string
  }): Promise<Done<Login> | Refused>
  /** Where the browser is sent, and what it must bring back. @throws FarwatchError `single-sign-on-unavailable` (retryable). */
  beginSingleSignOn(): Promise<{ readonly url: string; readonly state: string }>
  finishSingleSignOn(answer: {
    readonly query: string
    readonly state: string
    readonly from: From
  }): Promise<Done<Login> | Refused>
  logout(secret: string): Promise<void>
  /** Who bears a session's secret; undefined when it is unknown or has ended. Counts as use. */
  bySession(secret: string, address: string): Caller | undefined
  /** Who bears an API token. */
  byToken(token: string, address: string): Caller | undefined
  /** Called when sessions, tokens or grants may have ended: ask again who is there. Returns the way out. */
  subscribe(listener: () => void): () => void

  /** The caller's own account; undefined for who has none. */
  own(caller: Caller): AccountView | undefined
  /** Ends every session of the account but a new one for this browser. */
  changePassword(
    caller: Caller,
    change: { readonly current: string; readonly next: string; readonly from: From },
  ): Promise<Done<Login> | Refused>
  /** Asks for the password, so that a session left alone gives nobody a second factor of his own. */
  beginSecondFactor(
    caller: Caller,
    request: { readonly password: string; readonly address: string },
  ): Promise<Done<{ secret: string; uri: string }> | Refused>
  /** With the first code it holds; the recovery codes are shown once. */
  confirmSecondFactor(
    caller: Caller,
    request: { readonly code: string; readonly address: string },
  ): Promise<Done<{ recoveryCodes: readonly string[] }> | Refused>
  removeSecondFactor(
    caller: Caller,
    request: { readonly password: string; readonly address: string },
  ): Promise<Done | Refused>
  sessions(account: string): readonly SessionView[]
  endSession(account: string, session: string): Promise<Done | Refused>
  tokens(account: string): readonly TokenView[]
  /** `token` is shown once. */
  createToken(
    caller: Caller,
    token: { readonly name: string; readonly grants: readonly Grant[]; readonly days: number },
  ): Promise<Done<{ token: string; view: TokenView }> | Refused>
  revokeToken(account: string, token: string): Promise<Done | Refused>

  /** Accounts whose grants all lie within the caller's: nobody sees or changes one that may more. */
  accounts(by: Principal): readonly AccountView[]
  account(by: Principal, id: string): AccountView | undefined
  createAccount(
    by: Principal,
    account: { readonly id: string; readonly name: string; readonly grants: readonly Grant[] },
  ): Promise<Done<{ account: AccountView; oneTimePassword: string }> | Refused>
  changeAccount(
    by: Principal,
    id: string,
    change: AccountChange,
  ): Promise<Done<{ before: AccountView; account: AccountView }> | Refused>
  /** A new one-time password; ends sessions and the waiting time after failed attempts, `secondFactor` removes that too. */
  resetAccount(
    by: Principal,
    id: string,
    also: { readonly secondFactor: boolean },
  ): Promise<Done<{ account: AccountView; oneTimePassword: string }> | Refused>
}
