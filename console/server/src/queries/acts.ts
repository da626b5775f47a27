import { type Action, actions, type JurisdictionCode, type Principal, type Role } from '@farwatch/model'
import type { Queryable } from '@farwatch/runtime'

export interface ActFilter {
  readonly fromMs: number | undefined
  readonly toMs: number | undefined
  readonly account: string | undefined
  readonly action: string | undefined
  /** `KIND` or `KIND:ID`. */
  readonly object: string | undefined
  /** Only acts before this one. */
  readonly before: number | undefined
  readonly limit: number
}

/** An act without what was before and after. */
export interface ActRow {
  readonly seq: number
  readonly atMs: number
  readonly action: string
  readonly account: string
  readonly name: string
  readonly via: string
  readonly from: string | null
  readonly object: { readonly kind: string; readonly id: string } | null
  readonly jurisdiction: JurisdictionCode | null
  readonly outcome: string
  readonly reason: string | null
}

/**
 * The beginnings of the codes of all places whose acts somebody may read; undefined: all, those of no place too. Acts name no
 * department and no enterprise, so only the place limits; `permits` judges each act again.
 */
export function readablePlaces({ grants }: Principal, action: Action = 'audit.read'): string[] | undefined {
  const may: readonly Role[] = actions[action]
  const held = grants.filter(({ role, enterprise }) => may.includes(role) && enterprise === null)
  if (held.some(({ jurisdiction }) => jurisdiction === null)) return undefined
  return held.flatMap(({ jurisdiction }) => (jurisdiction === null ? [] : [prefixOf(jurisdiction)]))
}

/** `340000` is the beginning `34`, `341600` is `3416`; a county and a town are themselves. */
function prefixOf(code: JurisdictionCode): string {
  return code.length === 6 ? code.replace(/(?:00){1,2}$/, '') : code
}

interface Row {
  readonly seq: number
  readonly at: Date
  readonly address: string | null
  readonly object_kind: string | null
  readonly object_id: string | null
}

/** Acts that somebody may read, newest first. @throws DatabaseError */
export async function indexedActs(
  database: Queryable,
  filter: ActFilter,
  places: readonly string[] | undefined,
): Promise<ActRow[]> {
  const [kind, ...id] = filter.object?.split(':') ?? []
  const rows = await database.query<Row & Omit<ActRow, 'atMs' | 'from' | 'object'>>(
    `select seq, at, action, account, name, via, address, object_kind, object_id, jurisdiction, outcome, reason
       from api_act
      where ($1::timestamptz is null or at >= $1)
        and ($2::timestamptz is null or at < $2)
        and ($3::text is null or account = $3)
        and ($4::text is null or action = $4)
        and ($5::text is null or object_kind = $5)
        and ($6::text is null or object_id = $6)
        and ($7::bigint is null or seq < $7)
        and ($8::text[] is null or jurisdiction like any($8::text[]))
      order by seq desc
      limit $9`,
    [
      ...[dateOf(filter.fromMs), dateOf(filter.toMs), filter.account ?? null, filter.action ?? null],
      ...[kind ?? null, id.length === 0 ? null : id.join(':'), filter.before ?? null],
      ...[places?.map((place) => `${place}%`) ?? null, filter.limit],
    ],
  )
  return rows.map(({ at, address, object_kind, object_id, ...row }) => ({
    ...row,
    atMs: at.getTime(),
    from: address,
    object: object_kind === null || object_id === null ? null : { kind: object_kind, id: object_id },
  }))
}

function dateOf(timeMs: number | undefined): Date | null {
  return timeMs === undefined ? null : new Date(timeMs)
}
