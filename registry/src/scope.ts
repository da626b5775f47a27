import { type EntityKind, nowhere, type Scope } from '@farwatch/model'
import type { Holdings } from './holdings.ts'
import { siteBelow } from './references.ts'

/** Where something lies and whose it is, retired or not; undefined for what was never held. */
export function scopeOf(holdings: Holdings, kind: EntityKind, id: string): Scope | undefined {
  const holding = holdings.holding(kind, id)
  if (holding === undefined) return undefined
  const of = <K extends EntityKind>(one: K) => holdings.holding(one, id)!.entity.value
  switch (kind) {
    case 'jurisdiction':
      return { ...nowhere, jurisdiction: id }
    case 'department':
      return { ...nowhere, jurisdiction: of('department').jurisdiction, departments: [id] }
    case 'enterprise': {
      const { jurisdiction, departments } = of('enterprise')
      return { jurisdiction, departments, enterprise: id }
    }
    case 'site':
      return scopeOfSite(holdings, id)
    case 'officer': {
      const { jurisdiction, department } = of('officer')
      return { ...nowhere, jurisdiction, departments: [department] }
    }
    case 'item': {
      const { department } = of('item')
      return scopeOf(holdings, 'department', department) ?? { ...nowhere, departments: [department] }
    }
    default: {
      const site = siteBelow<EntityKind>(kind, id, holding.entity.value)
      return site === undefined ? nowhere : (scopeOfSite(holdings, site) ?? nowhere)
    }
  }
}

/** A site is where it says, else where its enterprise is; supervised by its own departments, else by the enterprise's. */
function scopeOfSite(holdings: Holdings, id: string): Scope | undefined {
  const site = holdings.holding('site', id)?.entity.value
  if (site === undefined) return undefined
  const enterprise =
    site.enterprise === undefined ? undefined : holdings.holding('enterprise', site.enterprise)?.entity.value
  return {
    jurisdiction: site.jurisdiction ?? enterprise?.jurisdiction ?? null,
    departments: site.departments.length > 0 ? site.departments : (enterprise?.departments ?? []),
    enterprise: site.enterprise ?? null,
  }
}
