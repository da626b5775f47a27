import { isTime, Quality, utf8 } from '@farwatch/model'
import { measured, type Sample } from '../../driver.ts'
import type { MqttAddress } from './address.ts'

export interface Mapping {
  readonly key: string
  readonly address: MqttAddress
}

/** Samples of one message, and what was wrong with it: a message may be half good. */
export interface Parsed {
  readonly samples: readonly Sample[]
  readonly problem: string | undefined
}

/** Stamps from here on are milliseconds, below it seconds: in seconds it is the year 5138, in milliseconds 1973. */
const firstMs = 100_000_000_000
const isoWithZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/

/** Reads the points of a topic out of one payload. `arrivalMs` stamps what carries no time of its own. */
export function parsePayload(payload: Uint8Array, mappings: readonly Mapping[], arrivalMs: number): Parsed {
  const text = utf8(payload)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { samples: [], problem: `expected JSON or a number, found ${JSON.stringify(text.slice(0, 40))}` }
  }
  const samples: Sample[] = []
  const problems: string[] = []
  for (const { key, address } of mappings) {
    const found = address.path === undefined ? json : at(json, address.path)
    // A message need not carry every point of its topic.
    if (found === undefined) continue
    const value = numberIn(found)
    const stamp = at(json, address.time)
    const timeMs = stamp === undefined ? arrivalMs : timeOf(stamp)
    if (value === undefined)
      problems.push(`${address.path ?? 'payload'}: expected a number, found ${show(found)}`)
    else if (timeMs === undefined)
      problems.push(`${address.time}: expected Unix ms, Unix s or ISO 8601 with a zone, found ${show(stamp)}`)
    else
      samples.push({ point: key, timeMs, timeSource: stamp === undefined ? 'gateway' : 'device', ...value })
  }
  if (samples.length === 0 && problems.length === 0)
    problems.push(`expected ${mappings.map(({ address }) => address.path).join(', ')}, found ${show(json)}`)
  return { samples, problem: problems.length === 0 ? undefined : problems.join('; ').slice(0, 300) }
}

function at(json: unknown, path: string): unknown {
  let here = json
  for (const name of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined
    here = (here as Record<string, unknown>)[name]
  }
  return here
}

function numberIn(found: unknown): Pick<Sample, 'value' | 'quality'> | undefined {
  if (found === null) return { value: null, quality: Quality.bad }
  if (typeof found === 'boolean') return measured(Number(found))
  return typeof found === 'number' ? measured(found) : undefined
}

function timeOf(stamp: unknown): number | undefined {
  const ms =
    typeof stamp === 'string'
      ? isoWithZone.test(stamp)
        ? Date.parse(stamp.replace(',', '.'))
        : Number.NaN
      : typeof stamp === 'number'
        ? Math.round(stamp < firstMs ? stamp * 1_000 : stamp)
        : Number.NaN
  return isTime(ms) ? ms : undefined
}

/** Without a look inside: JSON.parse takes any depth, JSON.stringify runs out of stack. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value !== 'object' || value === null) return JSON.stringify(value).slice(0, 60)
  const names = Object.keys(value)
  return names.length === 0
    ? 'an empty object'
    : `an object with ${names.slice(0, 5).join(', ').slice(0, 60)}`
}
