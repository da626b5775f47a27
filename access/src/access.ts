import {
  type AccessDesk,
  type Caller,
  type Done,
  FarwatchError,
  type From,
  type Login,
  type Principal,
  type Refused,
  type SessionView,
} from '@farwatch/model'
import { newAccount, refused } from './accounts.ts'
import { Administration } from './administration.ts'
import { accountOfToken, callerOf, Door, type DoorParts } from './door.ts'
import { OwnAccount } from './own-account.ts'
import { sha256 } from './secrets.ts'
import { isNamed } from './sessions.ts'
import type { SingleSignOn } from './single-sign-on.ts'

/** Everything about accounts in one place, as the console asks for it. */
export class Access implements AccessDesk {
  readonly #parts: DoorParts
  readonly #door: Door
  readonly #own: OwnAccount
  readonly #administration: Administration
  readonly #singleSignOn: SingleSignOn | undefined
  readonly #listeners = new Set<() => void>()

  constructor(parts: DoorParts, singleSignOn: SingleSignOn | undefined) {
    this.#parts = parts
    this.#singleSignOn = singleSignOn
    this.#door = new Door(parts)
    this.#own = new OwnAccount(parts, this.#door)
    this.#administration = new Administration(parts)
  }

  get open(): boolean {
    return this.#parts.accounts.firstLoginMs === null
  }

  get singleSignOn(): string | null {
    return this.#singleSignOn?.name ?? null
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells those who hold callers to ask again who is there. */
  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  login(attempt: Parameters<AccessDesk['login']>[0]): Promise<Done<Login> | Refused> {
    return this.#telling(this.#door.login(attempt))
  }

  async beginSingleSignOn(): Promise<{ url: string; state: string }> {
    return this.#provider().begin()
  }

  async finishSingleSignOn({
    query,
    state,
    from,
  }: {
    query: string
    state: string
    from: From
  }): Promise<Done<Login> | Refused> {
    const vouched = await this.#provider().finish(query, state)
    if ('outcome' in vouched) return vouched
    const { accounts, clock } = this.#parts
    const { issuer, subject, name, grants } = vouched
    let id = accounts.ofSingleSignOn(issuer, subject)
    if (id === undefined) {
      id = accounts.get(vouched.wishedId) === undefined ? vouched.wishedId : vouched.certainId
      const account = newAccount({
        ...{ name, grants: grants ?? [], createdMs: clock.now(), singleSignOn: { issuer, subject } },
      })
      const added = await accounts.add(id, account)
      if (added.outcome === 'refused') return added
    } else if (grants !== null) {
      const changed = await accounts.change(id, (account) =>
        JSON.stringify(account.grants) === JSON.stringify(grants)
          ? account
          : { ...account, grants, version: account.version + 1 },
      )
      if (changed.outcome === 'refused') return changed
    }
    const account = accounts.require(id)
    if (account.locked) return refused('single-sign-on-failed', 'the account is locked; ask an administrator')
    return this.#telling(this.#door.enter(id, account, from))
  }

  async logout(secret: string): Promise<void> {
    const hash = sha256(secret)
    await this.#parts.sessions.end((one) => one === hash)
    this.tell()
  }

  bySession(secret: string, address: string): Caller | undefined {
    const { accounts, sessions } = this.#parts
    const used = sessions.use(secret)
    if (used === undefined) return undefined
    const account = accounts.get(used.session.account)
    if (account === undefined || account.locked || account.version !== used.session.version) return undefined
    return callerOf(used.session.account, account, { session: used.id, address })
  }

  byToken(token: string, address: string): Caller | undefined {
    const { accounts, clock } = this.#parts
    const id = accountOfToken(token)
    const account = id === undefined ? undefined : accounts.get(id)
    if (id === undefined || account === undefined || account.locked) return undefined
    const hash = sha256(token)
    const found = account.tokens.find((one) => one.sha256 === hash && one.expiresMs > clock.now())
    if (found === undefined) return undefined
    // Rights that the account has lost since then, its tokens have lost too.
    const grants = found.grants.filter((grant) => accounts.mayGive(account.grants, [grant]))
    return callerOf(id, { ...account, grants, mustChangePassword: false }, { session: null, address })
  }

  own(caller: Caller) {
    const { account } = caller.principal.actor
    return caller.session === null || this.#parts.accounts.get(account) === undefined
      ? undefined
      : this.#administration.view(account)
  }

  changePassword(...args: Parameters<AccessDesk['changePassword']>) {
    return this.#telling(this.#own.changePassword(...args))
  }

  beginSecondFactor(...args: Parameters<AccessDesk['beginSecondFactor']>) {
    return this.#own.beginSecondFactor(...args)
  }

  confirmSecondFactor(...args: Parameters<AccessDesk['confirmSecondFactor']>) {
    return this.#own.confirmSecondFactor(...args)
  }

  removeSecondFactor(...args: Parameters<AccessDesk['removeSecondFactor']>) {
    return this.#own.removeSecondFactor(...args)
  }

  sessions(account: string): readonly SessionView[] {
    const { accounts, sessions } = this.#parts
    return sessions.of(account, accounts.get(account)?.version ?? 0)
  }

  async endSession(account: string, session: string): Promise<Done | Refused> {
    const ended = await this.#parts.sessions.end(
      (hash, one) => one.account === account && isNamed(hash, session),
    )
    this.tell()
    return ended ? { outcome: 'done' } : refused('unknown-session', `the account has no session ${session}`)
  }

  tokens(account: string) {
    return this.#own.tokens(account)
  }

  createToken(...args: Parameters<AccessDesk['createToken']>) {
    return this.#own.createToken(...args)
  }

  revokeToken(...args: Parameters<AccessDesk['revokeToken']>) {
    return this.#telling(this.#own.revokeToken(...args))
  }

  accounts(by: Principal) {
    return this.#administration.accounts(by)
  }

  account(by: Principal, id: string) {
    return this.#administration.account(by, id)
  }

  createAccount(...args: Parameters<AccessDesk['createAccount']>) {
    return this.#administration.create(...args)
  }

  changeAccount(...args: Parameters<AccessDesk['changeAccount']>) {
    return this.#telling(this.#administration.change(...args))
  }

  resetAccount(...args: Parameters<AccessDesk['resetAccount']>) {
    return this.#telling(this.#administration.reset(...args))
  }

  #provider(): SingleSignOn {
    if (this.#singleSignOn === undefined)
      throw new FarwatchError('no-single-sign-on', 'single sign-on is not configured')
    return this.#singleSignOn
  }

  async #telling<T>(work: Promise<T>): Promise<T> {
    const result = await work
    this.tell()
    return result
  }
}
