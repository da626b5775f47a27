import { isName } from './names.ts'
import { isTime } from './reading.ts'

/** At most this many values in one plain message. */
export const maxTelemetryValues = 1_000

/** Values by metric; booleans have become 0 and 1. `timeMs` undefined: the device sent no time. */
export interface Telemetry {
  readonly timeMs: number | undefined
  readonly values: ReadonlyMap<string, number>
}

type Found<T> = T | { readonly problem: string }

/**
 * Plain JSON of a device without a gateway: `{"ts": ms, "values": {"so2": 12.3}}` or just `{"so2": 12.3}`.
 * JSON has no NaN or infinity; a text that tries is not JSON. Returns the telemetry, or what was wrong with it. Checked by
 * hand: a schema took a third of the time that a message has.
 */
export function parseTelemetry(text: string): Found<{ telemetry: Telemetry }> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { problem: `not JSON: found ${JSON.stringify(text.slice(0, 40))}, expected {"metric": number}` }
  }
  if (!isObject(json)) return { problem: `message: found ${kindOf(json)}, expected {"metric": number}` }
  const stamped = Object.hasOwn(json, 'values')
  const read = stamped ? readStamped(json) : readValues(json)
  if ('problem' in read) return read
  const names = read.values.size + (stamped ? Object.keys(json).length : 0)
  if (quotesIn(text) !== 2 * names) return { problem: 'a name stands there more than once' }
  return { telemetry: { timeMs: stamped ? (json.ts as number | undefined) : undefined, values: read.values } }
}

function readStamped(json: Readonly<Record<string, unknown>>): ReturnType<typeof readValues> {
  const { ts, values } = json
  if (ts !== undefined && !(typeof ts === 'number' && isTime(ts))) {
    return {
      problem: `ts: found ${kindOf(ts)}, expected whole milliseconds since 1970, up to year 9999`,
    }
  }
  const foreign = Object.keys(json).find((key) => key !== 'ts' && key !== 'values')
  if (foreign !== undefined) return { problem: `${shown(foreign)}: unknown beside "ts" and "values"` }
  if (!isObject(values)) return { problem: `values: found ${kindOf(values)}, expected {"metric": number}` }
  return readValues(values)
}

function readValues(json: Readonly<Record<string, unknown>>): Found<{ values: Map<string, number> }> {
  const entries = Object.entries(json)
  if (entries.length === 0) return { problem: 'no values' }
  if (entries.length > maxTelemetryValues) return { problem: `more than ${maxTelemetryValues} values` }
  const values = new Map<string, number>()
  for (const [metric, value] of entries) {
    if (!isName(metric)) {
      return { problem: `${shown(metric)}: expected a name of 1 to 64 letters, digits and _ . : -` }
    }
    // What JSON spells 1e999 is infinite.
    if (typeof value === 'number' ? !Number.isFinite(value) : typeof value !== 'boolean') {
      return { problem: `${metric}: found ${kindOf(value)}, expected a number, true or false` }
    }
    values.set(metric, Number(value))
  }
  return { values }
}

/**
 * JSON.parse keeps the last of two values of one name and says nothing. Of what was read no value is a text and no name
 * holds a quotation mark, so that each name has two of them, and what there is more belongs to names that were dropped.
 */
function quotesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count++
  return count
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'string') return `text ${shown(value)}`
  return Number.isFinite(value) || typeof value !== 'number' ? String(value) : 'an infinite number'
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40))
}
