import type { Change, Entity, EntityKind, JurisdictionCode } from '@farwatch/model'
import { dayBefore } from './days.ts'
import type { Holdings } from './holdings.ts'

const membersOf = ['department', 'enterprise', 'site', 'officer'] as const

/** Every member of a jurisdiction goes to its successor, and it ended yesterday: one change, as the law makes it. */
export function succession(
  holdings: Holdings,
  { from, to, today }: { from: JurisdictionCode; to: JurisdictionCode; today: string },
): Change[] {
  const moved = membersOf.flatMap((kind) =>
    holdings
      .referrers('jurisdiction', from, kind)
      .map((member) => changed(member, { ...member.value, jurisdiction: to })),
  )
  const own = holdings.get('jurisdiction', from)
  const ended = { validTo: dayBefore(today), successor: to }
  return own === undefined ? moved : [...moved, changed(own, { ...own.value, ...ended })]
}

function changed({ kind, id, version }: Entity<EntityKind>, value: unknown): Change {
  return { kind, id, expect: version, value }
}
