import {
  type Entity,
  type EntityKind,
  isWithin,
  nowhere,
  type Principal,
  permits,
  permitsSomewhere,
  type RegistryDesk,
} from '@farwatch/model'

/** What applies to everybody below: a county works with the city's departments and under the city's items. */
const heldInCommon: readonly EntityKind[] = ['jurisdiction', 'department', 'item']

/** Whether somebody may read something of the registry: what lies in their area, and what stands above it for all. */
export function mayRead(
  desk: RegistryDesk,
  principal: Principal,
  { kind, id }: Pick<Entity, 'kind' | 'id'>,
): boolean {
  const scope = desk.scopeOf(kind, id) ?? nowhere
  if (permits(principal, 'registry.read', scope)) return true
  const { jurisdiction } = scope
  return (
    jurisdiction !== null &&
    heldInCommon.includes(kind) &&
    permitsSomewhere(principal, 'registry.read') &&
    principal.grants.some(
      (grant) => grant.jurisdiction !== null && isWithin(grant.jurisdiction, jurisdiction),
    )
  )
}
