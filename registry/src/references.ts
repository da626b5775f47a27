import type { EntityKind, ValueOf } from '@farwatch/model'

/** Something that an entity names, or stands behind. */
export interface Reference {
  readonly kind: EntityKind
  readonly id: string
  /** Field that names it. */
  readonly path: string
  /** It may be named without being held: any well-formed code of a jurisdiction. */
  readonly loose?: true
}

type References = { readonly [K in EntityKind]: (value: ValueOf<K>, id: string) => Reference[] }

const jurisdiction = (id: string | undefined): Reference[] =>
  id === undefined ? [] : [{ kind: 'jurisdiction', id, path: 'jurisdiction', loose: true }]
const department = (id: string): Reference => ({ kind: 'department', id, path: 'department' })
const departments = (ids: readonly string[]): Reference[] =>
  ids.map((id, i) => ({ kind: 'department', id, path: `departments.${i}` }))
const device = (id: string): Reference => ({ kind: 'device', id, path: 'device' })

const references: References = {
  jurisdiction: ({ successor }) =>
    successor === undefined ? [] : [{ kind: 'jurisdiction', id: successor, path: 'successor', loose: true }],
  department: (value) => jurisdiction(value.jurisdiction),
  enterprise: (value) => [...jurisdiction(value.jurisdiction), ...departments(value.departments)],
  site: (value) => [
    ...jurisdiction(value.jurisdiction),
    ...departments(value.departments),
    ...(value.enterprise === undefined
      ? []
      : [{ kind: 'enterprise' as const, id: value.enterprise, path: 'enterprise' }]),
  ],
  outlet: (_, id) => [{ kind: 'site', id: siteOf(id), path: 'id' }],
  device: (_, id) => [{ kind: 'site', id: siteOf(id), path: 'id' }],
  point: ({ outlet }, id) => [
    { kind: 'device', id: deviceOf(id), path: 'id' },
    ...(outlet === undefined
      ? []
      : [{ kind: 'outlet' as const, id: `${siteOf(id)}/${outlet}`, path: 'outlet' }]),
  ],
  limit: ({ point, outlet }) => [
    ...(point === undefined ? [] : [{ kind: 'point' as const, id: point, path: 'point' }]),
    ...(outlet === undefined ? [] : [{ kind: 'outlet' as const, id: outlet, path: 'outlet' }]),
  ],
  calibration: (value) => [device(value.device)],
  review: (value) => [device(value.device)],
  officer: (value) => [department(value.department), ...jurisdiction(value.jurisdiction)],
  item: (value) => [department(value.department)],
}

export function referencesOf<K extends EntityKind>(kind: K, id: string, value: ValueOf<K>): Reference[] {
  return references[kind](value, id)
}

/** SITE of `SITE/…`. */
export function siteOf(id: string): string {
  const end = id.indexOf('/')
  return end < 0 ? id : id.slice(0, end)
}

/** SITE/DEVICE of `SITE/DEVICE/METRIC`. */
export function deviceOf(point: string): string {
  return point.slice(0, point.lastIndexOf('/'))
}

/** The site that something belongs to; undefined where it belongs to none. */
export function siteBelow<K extends EntityKind>(kind: K, id: string, value: ValueOf<K>): string | undefined {
  if (kind === 'site') return id
  const above = referencesOf(kind, id, value).find(({ kind: of }) => isAtSite(of))
  return above === undefined ? undefined : siteOf(above.id)
}

/** Kinds whose ids begin with the site they stand at. */
function isAtSite(kind: EntityKind): boolean {
  return kind === 'site' || kind === 'outlet' || kind === 'device' || kind === 'point'
}
