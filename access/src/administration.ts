import type { AccountChange, AccountView, Done, Grant, Principal, Refused } from '@farwatch/model'
import { newAccount, refused, unknownAccount, viewOf } from './accounts.ts'
import type { DoorParts } from './door.ts'
import { grantProblem, managing } from './grants.ts'
import { newSpokenText } from './secrets.ts'

/** 79 bits */
const groupsOfPassword = 4
const oneTimePasswordMs = 72 * 3_600_000

/** What those do who manage accounts, within what they may themselves. */
export class Administration {
  readonly #parts: DoorParts

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  accounts(by: Principal): AccountView[] {
    const { accounts, sessions } = this.#parts
    const counts = sessions.counts((id) => accounts.get(id)?.version)
    return accounts
      .all()
      .filter(([, account]) => accounts.isWithinReach(by, account))
      .map(([id, account]) => viewOf(id, account, counts.get(id) ?? 0))
  }

  account(by: Principal, id: string): AccountView | undefined {
    const { accounts } = this.#parts
    const account = accounts.get(id)
    if (account === undefined || !accounts.isWithinReach(by, account)) return undefined
    return this.view(id)
  }

  /** An account that is known to be there. */
  view(id: string): AccountView {
    const { accounts, sessions } = this.#parts
    const account = accounts.require(id)
    return viewOf(id, account, sessions.of(id, account.version).length)
  }

  async create(
    by: Principal,
    { id, name, grants }: { id: string; name: string; grants: readonly Grant[] },
  ): Promise<Done<{ account: AccountView; oneTimePassword: string }> | Refused> {
    const { accounts, hasher, clock } = this.#parts
    const problem = this.#grantsProblem(by, grants)
    if (problem !== undefined) return problem
    const oneTimePassword = newSpokenText(groupsOfPassword)
    const password = await hasher.hash(oneTimePassword)
    const createdMs = clock.now()
    const account = newAccount({
      ...{ name, grants: [...grants], createdMs, password, mustChangePassword: true },
      passwordExpiresMs: createdMs + oneTimePasswordMs,
    })
    const added = await accounts.add(id, account)
    return added.outcome === 'refused' ? added : { outcome: 'done', account: this.view(id), oneTimePassword }
  }

  async change(
    by: Principal,
    id: string,
    { expect, name, grants, locked }: AccountChange,
  ): Promise<Done<{ before: AccountView; account: AccountView }> | Refused> {
    const { accounts } = this.#parts
    const problem = grants === undefined ? undefined : this.#grantsProblem(by, grants)
    const done = await accounts.change(id, (account) => {
      if (!accounts.isWithinReach(by, account)) return unknownAccount(id)
      if (problem !== undefined) return problem
      if (account.version !== expect)
        return refused(
          'conflict',
          `found version ${expect}, expected ${account.version}: somebody else has changed the account`,
        )
      return {
        ...account,
        ...{ name: name ?? account.name, locked: locked ?? account.locked },
        ...{ grants: grants === undefined ? account.grants : [...grants], version: account.version + 1 },
      }
    })
    if (done.outcome === 'refused') return done
    return { outcome: 'done', before: viewOf(id, done.before, 0), account: this.view(id) }
  }

  /** `by` undefined: whoever sits at the machine itself; then the lock goes too. */
  async reset(
    by: Principal | undefined,
    id: string,
    { secondFactor }: { secondFactor: boolean },
  ): Promise<Done<{ account: AccountView; oneTimePassword: string }> | Refused> {
    const { accounts, attempts, hasher, clock } = this.#parts
    const found = accounts.get(id)
    if (found === undefined || (by !== undefined && !accounts.isWithinReach(by, found)))
      return unknownAccount(id)
    const oneTimePassword = newSpokenText(groupsOfPassword)
    const password = await hasher.hash(oneTimePassword)
    const done = await accounts.change(id, (account) => {
      if (by !== undefined && !accounts.isWithinReach(by, account)) return unknownAccount(id)
      return {
        ...account,
        ...{ password, mustChangePassword: true, passwordExpiresMs: clock.now() + oneTimePasswordMs },
        ...{ version: account.version + 1, locked: by === undefined ? false : account.locked },
        secondFactor: secondFactor ? null : account.secondFactor,
      }
    })
    if (done.outcome === 'refused') return done
    attempts.forget(id)
    return { outcome: 'done', account: this.view(id), oneTimePassword }
  }

  #grantsProblem(by: Principal, grants: readonly Grant[]): Refused | undefined {
    const problem = grants.map(grantProblem).find((one) => one !== undefined)
    if (problem !== undefined) return refused('bad-grant', problem)
    return this.#parts.accounts.mayGive(managing(by), [...grants])
      ? undefined
      : refused('beyond-own-rights', 'nobody gives rights beyond their own')
  }
}
