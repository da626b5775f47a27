import type {
  AccessDesk,
  AccountView,
  Caller,
  Done,
  Grant,
  Login,
  Principal,
  Refused,
  SessionView,
  TokenView,
} from '@farwatch/model'

const refused: Refused = { outcome: 'refused', reason: 'unknown-account', detail: 'nobody is known by it' }

/** A desk of accounts in memory, open until told otherwise: whoever a test lets in has a session or a token. */
export class MemoryAccess implements AccessDesk {
  open = true
  readonly singleSignOn = null
  readonly #sessions = new Map<string, Caller>()
  readonly #tokens = new Map<string, Caller>()
  readonly #listeners = new Set<() => void>()

  /** Somebody with these grants logs in; answers with the session's secret. */
  enter(account: string, grants: readonly Grant[], over: Partial<Caller> = {}): string {
    const secret = `secret-of-${account}`
    this.#sessions.set(secret, { ...callerOf(account, grants, 'session'), session: account, ...over })
    return secret
  }

  /** The same by an API token. */
  giveToken(account: string, grants: readonly Grant[]): string {
    const token = `token-of-${account}`
    this.#tokens.set(token, { ...callerOf(account, grants, 'token'), session: null })
    return token
  }

  /** Nobody is let in without an account any more. */
  close(): void {
    this.open = false
    this.tell()
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  bySession(secret: string): Caller | undefined {
    return this.#sessions.get(secret)
  }

  byToken(token: string): Caller | undefined {
    return this.#tokens.get(token)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async login({ account, password }: { account: string; password: string }): Promise<Done<Login> | Refused> {
    const caller = this.#sessions.get(`secret-of-${account}`)
    if (caller === undefined || password !== `password-of-${account}`)
      return {
        outcome: 'refused',
        reason: 'wrong-credentials',
        detail: 'account, password or code are wrong',
      }
    this.close()
    return { outcome: 'done', secret: `secret-of-${account}`, caller, expiresMs: Date.now() + 60_000 }
  }

  async logout(secret: string): Promise<void> {
    this.#sessions.delete(secret)
    this.tell()
  }

  async beginSingleSignOn(): Promise<never> {
    throw new Error('no provider')
  }

  async finishSingleSignOn(): Promise<Refused> {
    return refused
  }

  own({ principal, session }: Caller): AccountView | undefined {
    return session === null ? undefined : viewOf(principal)
  }

  async changePassword(caller: Caller): Promise<Done<Login> | Refused> {
    const { account } = caller.principal.actor
    const expiresMs = Date.now() + 60_000
    return { outcome: 'done', secret: `secret-of-${account}`, caller, expiresMs }
  }

  async beginSecondFactor(): Promise<Done<{ secret: string; uri: string }> | Refused> {
    return { outcome: 'done', secret: 'MZXW6', uri: 'otpauth://totp/Farwatch:x?secret=MZXW6' }
  }

  async confirmSecondFactor(): Promise<Done<{ recoveryCodes: readonly string[] }> | Refused> {
    return { outcome: 'done', recoveryCodes: [] }
  }

  async removeSecondFactor(): Promise<Done | Refused> {
    return { outcome: 'done' }
  }

  sessions(): readonly SessionView[] {
    return []
  }

  async endSession(): Promise<Done | Refused> {
    return refused
  }

  tokens(): readonly TokenView[] {
    return []
  }

  async createToken(
    _: Caller,
    { name, grants }: { name: string; grants: readonly Grant[] },
  ): Promise<Done<{ token: string; view: TokenView }> | Refused> {
    return { outcome: 'done', token: 'token', view: { id: 't', name, grants, createdMs: 0, expiresMs: 1 } }
  }

  async revokeToken(): Promise<Done | Refused> {
    return refused
  }

  accounts(): readonly AccountView[] {
    return Array.from(this.#sessions.values(), ({ principal }) => viewOf(principal))
  }

  account(_: Principal, id: string): AccountView | undefined {
    return this.accounts().find((account) => account.id === id)
  }

  async createAccount(): Promise<Refused> {
    return refused
  }

  async changeAccount(): Promise<Refused> {
    return refused
  }

  async resetAccount(): Promise<Refused> {
    return refused
  }
}

function callerOf(account: string, grants: readonly Grant[], via: 'session' | 'token') {
  return {
    principal: { actor: { account, name: `Name of ${account}`, via, from: '127.0.0.1' }, grants },
    mustChangePassword: false,
  }
}

function viewOf({ actor, grants }: Principal): AccountView {
  return {
    ...{ id: actor.account, name: actor.name, grants, locked: false, mustChangePassword: false },
    ...{ secondFactor: false, singleSignOn: false, sessions: 1, createdMs: 0, version: 1 },
  }
}
