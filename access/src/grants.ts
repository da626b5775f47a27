import {
  type Action,
  actions,
  type Grant,
  isWithin,
  type Principal,
  permits,
  type Role,
  type Scope,
} from '@farwatch/model'

/** Where an enterprise lies; undefined where that is not known. */
export type EnterpriseScope = (enterprise: string) => Scope | undefined

/** Whether everything that `wanted` allows is allowed by `grants` already. */
export function covers(grants: readonly Grant[], wanted: Grant, enterpriseScope: EnterpriseScope): boolean {
  return grants.some((grant) => exceeds(grant.role, wanted.role) && encloses(grant, wanted, enterpriseScope))
}

export function coversAll(
  grants: readonly Grant[],
  wanted: readonly Grant[],
  enterpriseScope: EnterpriseScope,
): boolean {
  return wanted.every((grant) => covers(grants, grant, enterpriseScope))
}

/** Whether somebody may manage accounts everywhere. */
export function isChief(grants: readonly Grant[]): boolean {
  return grants.some(
    (grant) =>
      mayDo(grant.role, 'accounts.change') &&
      grant.jurisdiction === null &&
      grant.department === null &&
      grant.enterprise === null,
  )
}

/** The part of what a principal may that lets it manage accounts: nobody gives more than that. */
export function managing({ grants }: Principal): readonly Grant[] {
  return grants.filter(({ role }) => mayDo(role, 'accounts.change'))
}

/** What is wrong with a grant as such, for a person, or undefined. */
export function grantProblem({ role, enterprise, jurisdiction, department }: Grant): string | undefined {
  if ((role === 'enterprise') !== (enterprise !== null))
    return 'expected an enterprise with the role enterprise, and with no other'
  if (enterprise !== null && (jurisdiction !== null || department !== null))
    return 'found an enterprise with a jurisdiction or department, expected it alone: it lies where it lies'
  return undefined
}

function mayDo(role: Role, action: Action): boolean {
  return (actions[action] as readonly Role[]).includes(role)
}

function exceeds(role: Role, other: Role): boolean {
  return (Object.keys(actions) as Action[]).every((action) => !mayDo(other, action) || mayDo(role, action))
}

function encloses(outer: Grant, inner: Grant, enterpriseScope: EnterpriseScope): boolean {
  if (inner.enterprise !== null) {
    if (outer.enterprise !== null) return outer.enterprise === inner.enterprise
    if (outer.jurisdiction === null && outer.department === null) return true
    const scope = enterpriseScope(inner.enterprise)
    const principal = {
      actor: { account: 'system', name: '', via: 'system' as const, from: null },
      grants: [outer],
    }
    return scope !== undefined && permits(principal, 'own.account', scope)
  }
  if (outer.enterprise !== null) return false
  const jurisdiction =
    outer.jurisdiction === null ||
    (inner.jurisdiction !== null && isWithin(inner.jurisdiction, outer.jurisdiction))
  return jurisdiction && (outer.department === null || outer.department === inner.department)
}
