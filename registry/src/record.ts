import {
  type Act,
  type Actor,
  type Entity,
  type EntityKind,
  entityKinds,
  type JurisdictionCode,
  jurisdictionsAbove,
  type RecordedAct,
} from '@farwatch/model'
import { z } from 'zod'
import type { Line } from './read-line.ts'

/** What an act of the registry is called. Only the registry itself may append one. */
export const changeAction = 'registry.change'

/** One line of an act: the value before and after, null where there is none. */
export interface RecordedLine {
  readonly kind: EntityKind
  readonly id: string
  readonly version: number
  readonly before: unknown
  readonly after: unknown
}

const Recorded = z.object({
  changes: z.array(
    z.object({
      kind: z.enum(entityKinds as [EntityKind, ...EntityKind[]]),
      id: z.string(),
      version: z.number().int().positive(),
      before: z.unknown(),
      after: z.unknown(),
    }),
  ),
})

export function isChange({ action, outcome }: RecordedAct): boolean {
  return action === changeAction && outcome === 'done'
}

/** Undefined where the act is not what this code or an older one wrote. */
export function linesOf(act: RecordedAct): readonly RecordedLine[] | undefined {
  return Recorded.safeParse(act.after).data?.changes
}

/** The act that a change is. */
export function actOf(
  lines: readonly (Line & { readonly before: Entity | undefined; readonly version: number })[],
  by: {
    readonly actor: Actor
    readonly reason: string | null
    readonly jurisdiction: JurisdictionCode | null
  },
): Act {
  const [only] = lines
  const changes = lines.map(({ kind, id, version, before, value }) => ({
    ...{ kind, id, version },
    ...{ before: plain(before?.value ?? null), after: plain(value) },
  }))
  return {
    ...{ action: changeAction, actor: by.actor, outcome: 'done', reason: by.reason },
    object: lines.length === 1 && only !== undefined ? { kind: only.kind, id: only.id } : null,
    jurisdiction: by.jurisdiction,
    ...{ before: null, after: { changes } },
  }
}

/** As JSON has it: a field without value is no field. */
function plain(value: unknown): z.infer<ReturnType<typeof z.json>> {
  return JSON.parse(JSON.stringify(value)) as z.infer<ReturnType<typeof z.json>>
}

/** The smallest jurisdiction that holds them all; null where there is none, or one of them lies nowhere. */
export function jurisdictionOfAll(codes: readonly (JurisdictionCode | null)[]): JurisdictionCode | null {
  const [first, ...others] = new Set(codes)
  if (first === undefined || first === null) return null
  const above = (code: JurisdictionCode) => [code, ...jurisdictionsAbove(code)]
  return (
    others.reduce<readonly JurisdictionCode[]>(
      (common, code) => (code === null ? [] : common.filter((one) => above(code).includes(one))),
      above(first),
    )[0] ?? null
  )
}
