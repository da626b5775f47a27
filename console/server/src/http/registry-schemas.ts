import {
  Actor,
  type Change,
  type Entity,
  type EntityKind,
  type EvidenceGrade,
  entities,
  entityKinds,
  Limit,
  type PastValue,
  PointKey,
} from '@farwatch/model'
import { z } from 'zod'
import { schemaNames } from './schemas.ts'

/** How each kind is called in paths: `/api/registry/sites`. */
export const pathOf = (kind: EntityKind): string => `/api/registry/${kind}s`

const TimeMs = z.number().describe('Unix milliseconds')
const Reason = z.string().max(2_000, 'expected at most 2000 characters').nullable().default(null)
const Version = z.number().int().min(0)

/** Something that is registered, with a value of its kind. */
export function entityBody<K extends EntityKind>(kind: K) {
  return z.object({
    kind: z.literal(kind),
    id: z.string(),
    version: Version.describe('Grows with each change; what If-Match expects'),
    value: entities[kind],
    changedMs: TimeMs,
    changedBy: z.string(),
  })
}

export const AnyEntityBody = z.object({
  kind: z.enum(entityKinds as [EntityKind, ...EntityKind[]]),
  id: z.string(),
  version: Version,
  value: z.unknown().describe('As GET of its kind describes it'),
  changedMs: TimeMs,
  changedBy: z.string(),
}) satisfies z.ZodType<Omit<Entity<EntityKind>, 'value'>>

/** The body of PUT as it is told; the value is judged by the registry, with the same schema, which tells every problem. */
export const putBody = (kind: EntityKind) => z.strictObject({ value: entities[kind], reason: Reason })
export const PutBody = z.strictObject({ value: z.unknown(), reason: Reason })
export const RetireBody = z.strictObject({ reason: Reason })

const changeLine = (kind: EntityKind) =>
  z.strictObject({
    kind: z.literal(kind),
    id: z.string().describe('Empty: one is made, for limits, calibrations and reviews'),
    expect: Version.describe('The version that was seen; 0: it must not exist'),
    value: entities[kind].nullable().describe('null: retired'),
  })
const [first, ...others] = entityKinds.map(changeLine)

export const TypedChangesBody = z.strictObject({
  changes: z
    .array(z.discriminatedUnion('kind', [first!, ...others]))
    .min(1)
    .max(5_000),
  reason: Reason,
})
export const ChangesBody = z.strictObject({
  changes: z
    .array(
      z.strictObject({
        kind: z.enum(entityKinds as [EntityKind, ...EntityKind[]]),
        id: z.string().max(300),
        expect: Version,
        value: z.unknown(),
      }) satisfies z.ZodType<Change>,
    )
    .min(1)
    .max(5_000),
  reason: Reason,
})

export const ChangedBody = z.object({
  version: Version.describe('Sequence number of the newest act of the registry'),
  entities: z.array(AnyEntityBody).describe('What was changed, as it stands now; without what was retired'),
})

export const CheckedBody = z.object({
  problems: z.array(
    z.object({
      line: z.number().int(),
      path: z.string(),
      code: z.string(),
      zh: z.string(),
      en: z.string(),
    }),
  ),
})

export const PastBody = z.object({
  version: Version,
  atMs: TimeMs,
  actor: Actor,
  reason: z.string().nullable(),
  value: z.unknown().describe('null: retired'),
}) satisfies z.ZodType<PastValue, unknown>

export const SuccessionBody = z.object({
  changes: z.array(z.object({ kind: z.string(), id: z.string(), expect: Version, value: z.unknown() })),
})

export const LimitsBody = z.object({
  point: PointKey,
  atMs: TimeMs,
  limits: z.array(Limit).describe('In force at that time; the point’s own before its outlet’s'),
})

export const GradeBody = z.object({
  grade: z.enum(['lead', 'enforcement']),
  review: entityBody('review').nullable(),
  calibration: entityBody('calibration').nullable(),
}) satisfies z.ZodType<EvidenceGrade>

for (const kind of entityKinds) {
  const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
  schemaNames.add(entities[kind], { id: `Registered${name}` })
}
