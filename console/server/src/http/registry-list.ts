import { type Entity, type EntityKind, isWithin, nowhere, type RegistryDesk } from '@farwatch/model'

/** What a list is narrowed to. */
export interface ListFilter {
  readonly jurisdiction?: string | undefined
  readonly site?: string | undefined
  readonly enterprise?: string | undefined
  readonly text?: string | undefined
}

/** Whether something is among what was asked for. */
export function matches(desk: RegistryDesk, entity: Entity<EntityKind>, filter: ListFilter): boolean {
  const { jurisdiction, site, enterprise, text } = filter
  if (site !== undefined && siteOf(entity) !== site) return false
  if (jurisdiction !== undefined || enterprise !== undefined) {
    const scope = desk.scopeOf(entity.kind, entity.id) ?? nowhere
    if (enterprise !== undefined && scope.enterprise !== enterprise) return false
    if (
      jurisdiction !== undefined &&
      (scope.jurisdiction === null || !isWithin(scope.jurisdiction, jurisdiction))
    )
      return false
  }
  return text === undefined || says(entity, text.toLowerCase())
}

/** The site that something stands at, by its id or by what it is about. */
function siteOf({ kind, id, value }: Entity<EntityKind>): string | undefined {
  const standsAt = { site: id, outlet: id, device: id, point: id } as Partial<Record<EntityKind, string>>
  const about = value as { point?: string; outlet?: string; device?: string }
  return (standsAt[kind] ?? about.point ?? about.outlet ?? about.device)?.split('/')[0]
}

/** Whether the id or any text of the value contains it. */
function says({ id, value }: Entity<EntityKind>, text: string): boolean {
  return id.toLowerCase().includes(text) || within(value, text)
}

function within(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(text)
  return typeof value === 'object' && value !== null && Object.values(value).some((one) => within(one, text))
}
