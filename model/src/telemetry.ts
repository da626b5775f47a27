import { z } from 'zod'
import { Name } from './names.ts'
import { latestTimeMs } from './reading.ts'

/** At most this many values in one plain message. */
export const maxTelemetryValues = 1_000

const Values = z
  .record(Name, z.union([z.number(), z.boolean()]))
  .refine((values) => Object.keys(values).length > 0, 'no values')
  .refine(
    (values) => Object.keys(values).length <= maxTelemetryValues,
    `more than ${maxTelemetryValues} values`,
  )

const Stamped = z.strictObject({
  ts: z.number().int().nonnegative().max(latestTimeMs).optional(),
  values: Values,
})

/** Values by metric; booleans have become 0 and 1. `timeMs` undefined: the device sent no time. */
export interface Telemetry {
  readonly timeMs: number | undefined
  readonly values: ReadonlyMap<string, number>
}

/**
 * Plain JSON of a device without a gateway: `{"ts": ms, "values": {"so2": 12.3}}` or just `{"so2": 12.3}`.
 * JSON has no NaN or infinity; a text that tries is not JSON. Returns the telemetry, or what was wrong with it.
 */
export function parseTelemetry(text: string): { telemetry: Telemetry } | { problem: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { problem: `not JSON: found ${JSON.stringify(text.slice(0, 40))}, expected {"metric": number}` }
  }
  const stamped = typeof json === 'object' && json !== null && 'values' in json
  const given = stamped ? (json as { values: unknown }).values : json
  // JSON can carry this name; as a key of what the schema makes it would vanish without a word.
  if (typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__'))
    return { problem: '__proto__: cannot be the name of a metric' }
  const parsed = stamped ? Stamped.safeParse(json) : Values.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return { problem: `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'not telemetry'}` }
  }
  const { ts, values } = stamped
    ? (parsed.data as z.infer<typeof Stamped>)
    : { ts: undefined, values: parsed.data }
  return {
    telemetry: {
      timeMs: ts,
      values: new Map(
        Object.entries(values as z.infer<typeof Values>).map(([metric, value]) => [metric, Number(value)]),
      ),
    },
  }
}
