import { type AccountView, FarwatchError, type Principal, type Refused } from '@farwatch/model'
import { coversAll, type EnterpriseScope, isChief, managing } from './grants.ts'
import type { StateFile } from './state-file.ts'
import { bounds, type StoredAccount, type StoredAccounts } from './stored.ts'

/** The accounts as they are kept, and the rules that hold for every change of them. */
export class Accounts {
  readonly #file: StateFile<StoredAccounts>
  readonly #enterpriseScope: EnterpriseScope

  constructor(file: StateFile<StoredAccounts>, enterpriseScope: EnterpriseScope) {
    this.#file = file
    this.#enterpriseScope = enterpriseScope
  }

  get firstLoginMs(): number | null {
    return this.#file.content.firstLoginMs
  }

  /** Takes in what another process has just written. */
  async refresh(): Promise<void> {
    await this.#file.refresh()
  }

  get(id: string): StoredAccount | undefined {
    const { accounts } = this.#file.content
    return Object.hasOwn(accounts, id) ? accounts[id] : undefined
  }

  all(): [id: string, account: StoredAccount][] {
    return Object.entries(this.#file.content.accounts)
  }

  /** The account of somebody whom single sign-on names. */
  ofSingleSignOn(issuer: string, subject: string): string | undefined {
    return this.all().find(
      ([, { singleSignOn }]) => singleSignOn?.issuer === issuer && singleSignOn.subject === subject,
    )?.[0]
  }

  /** Changes one account; `change` sees it as it is when its turn has come, and may refuse. */
  async change(
    id: string,
    change: (account: StoredAccount) => StoredAccount | Refused,
  ): Promise<{ outcome: 'done'; before: StoredAccount; account: StoredAccount } | Refused> {
    let result: { outcome: 'done'; before: StoredAccount; account: StoredAccount } | Refused =
      unknownAccount(id)
    await this.#file.change((content) => {
      const before = Object.hasOwn(content.accounts, id) ? content.accounts[id] : undefined
      if (before === undefined) return content
      const account = change(before)
      if ('outcome' in account) {
        result = account
        return content
      }
      const accounts = { ...content.accounts, [id]: account }
      if (hasChief(content.accounts) && !hasChief(accounts)) {
        result = refused(
          'last-administrator',
          'nobody would be left who manages accounts everywhere; give somebody else that first',
        )
        return content
      }
      result = { outcome: 'done', before, account }
      return account === before ? content : { ...content, accounts }
    })
    return result
  }

  /** Adds one. */
  async add(id: string, account: StoredAccount): Promise<{ outcome: 'done' } | Refused> {
    let result: { outcome: 'done' } | Refused = { outcome: 'done' }
    await this.#file.change((content) => {
      if (Object.hasOwn(content.accounts, id))
        result = refused('account-exists', `there is an account ${id} already`)
      else if (Object.keys(content.accounts).length >= bounds.accounts)
        result = refused('too-many', `found ${bounds.accounts} accounts, no more are taken`)
      else return { ...content, accounts: { ...content.accounts, [id]: account } }
      return content
    })
    return result
  }

  /** From now on nobody is let in without an account. */
  async close(nowMs: number): Promise<void> {
    if (this.firstLoginMs !== null) return
    await this.#file.change((content) => ({ ...content, firstLoginMs: content.firstLoginMs ?? nowMs }))
  }

  /** Whether somebody who manages accounts may see and change this one: it must not be able to do more than they. */
  isWithinReach(by: Principal, { grants }: StoredAccount): boolean {
    const own = managing(by)
    return grants.length === 0 ? isChief(own) : coversAll(own, grants, this.#enterpriseScope)
  }

  mayGive(own: readonly StoredAccount['grants'][number][], grants: StoredAccount['grants']): boolean {
    return coversAll(own, grants, this.#enterpriseScope)
  }

  /** @throws FarwatchError `accounts-unavailable`. */
  require(id: string): StoredAccount {
    const account = this.get(id)
    if (account === undefined)
      throw new FarwatchError('accounts-unavailable', `account ${id} has just gone`, { retryable: true })
    return account
  }
}

export function refused(reason: Refused['reason'], detail: string, retryAfterMs?: number): Refused {
  return { outcome: 'refused', reason, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

export function unknownAccount(id: string): Refused {
  return refused('unknown-account', `there is no account ${id}`)
}

export function viewOf(id: string, account: StoredAccount, sessions: number): AccountView {
  const { name, grants, locked, mustChangePassword, createdMs, version } = account
  return {
    ...{ id, name, grants, locked, mustChangePassword, createdMs, version, sessions },
    secondFactor: account.secondFactor !== null,
    singleSignOn: account.singleSignOn !== null,
  }
}

/** An account as it begins. */
export function newAccount(
  over: Pick<StoredAccount, 'name' | 'grants' | 'createdMs'> & Partial<StoredAccount>,
): StoredAccount {
  return {
    ...{ password: null, mustChangePassword: false, passwordExpiresMs: null, locked: false, version: 1 },
    ...{ secondFactor: null, singleSignOn: null, tokens: [] },
    ...over,
  }
}

function hasChief(accounts: StoredAccounts['accounts']): boolean {
  for (const id in accounts) {
    const account = accounts[id]!
    if (!account.locked && isChief(account.grants)) return true
  }
  return false
}
