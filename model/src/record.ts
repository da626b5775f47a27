import { decode, encode } from 'cborg'
import { decodeBatch } from './batch.ts'
import { FarwatchError } from './errors.ts'
import { type CameraEvent, parseFrigateEvent } from './frigate.ts'
import { pointKey } from './names.ts'
import type { Series } from './reading.ts'
import { decodeSeries } from './series.ts'
import { parseTelemetry } from './telemetry.ts'
import { utf8 } from './utf8.ts'

/**
 * One record of the centre's journal: a message as it came in, already judged by intake, with the time it was received.
 * What a record means follows from its bytes alone, so that replay gives what live gave.
 */
export type CentreRecord =
  | {
      readonly kind: 'batch'
      readonly receivedMs: number
      readonly gateway: string
      readonly bytes: Uint8Array
    }
  | {
      readonly kind: 'telemetry'
      readonly receivedMs: number
      readonly site: string
      readonly device: string
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'camera-event'; readonly receivedMs: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'picture'
      readonly receivedMs: number
      readonly camera: string
      readonly label: string
      readonly bytes: Uint8Array
    }
  | {
      readonly kind: 'gateway-status'
      readonly receivedMs: number
      readonly gateway: string
      readonly bytes: Uint8Array
    }
  /** Refused traffic, kept for a person to look at: at most the first 64 kB of it. */
  | {
      readonly kind: 'quarantine'
      readonly receivedMs: number
      readonly topic: string
      readonly client: string
      readonly reason: string
      /** Size as received; `bytes` may be cut. */
      readonly size: number
      readonly bytes: Uint8Array
    }

const kinds = ['batch', 'telemetry', 'camera-event', 'picture', 'gateway-status', 'quarantine'] as const

export function encodeRecord(record: CentreRecord): Uint8Array {
  switch (record.kind) {
    case 'batch':
      return encode([0, record.receivedMs, record.bytes, record.gateway])
    case 'telemetry':
      return encode([1, record.receivedMs, record.bytes, record.site, record.device])
    case 'camera-event':
      return encode([2, record.receivedMs, record.bytes])
    case 'picture':
      return encode([3, record.receivedMs, record.bytes, record.camera, record.label])
    case 'gateway-status':
      return encode([4, record.receivedMs, record.bytes, record.gateway])
    case 'quarantine':
      return encode([
        5,
        record.receivedMs,
        record.bytes,
        record.topic,
        record.client,
        record.reason,
        record.size,
      ])
  }
}

/** Reads what `encodeRecord` wrote; the journal's checksum has vouched for the bytes. @throws FarwatchError `bad-record`. */
export function decodeRecord(bytes: Uint8Array): CentreRecord {
  const parts = decode(bytes) as [number, number, Uint8Array, ...unknown[]]
  const [code, receivedMs, payload, a, b, c, d] = parts
  const base = { receivedMs, bytes: payload }
  switch (kinds[code]) {
    case 'batch':
      return { kind: 'batch', ...base, gateway: a as string }
    case 'telemetry':
      return { kind: 'telemetry', ...base, site: a as string, device: b as string }
    case 'camera-event':
      return { kind: 'camera-event', ...base }
    case 'picture':
      return { kind: 'picture', ...base, camera: a as string, label: b as string }
    case 'gateway-status':
      return { kind: 'gateway-status', ...base, gateway: a as string }
    case 'quarantine':
      return {
        kind: 'quarantine',
        ...base,
        topic: a as string,
        client: b as string,
        reason: c as string,
        size: d as number,
      }
    default:
      throw new FarwatchError('bad-record', `unknown kind of record ${code}`)
  }
}

/**
 * The readings of a record, one series a point; empty for records that carry none. Intake let the record in, so its
 * bytes parse; a record that does not is a fault of ours and throws.
 */
export function seriesOf(record: CentreRecord): Series[] {
  if (record.kind === 'batch') return decodeBatch(record.bytes).series.map(decodeSeries)
  if (record.kind !== 'telemetry') return []
  const parsed = parseTelemetry(utf8(record.bytes))
  if ('problem' in parsed) throw new FarwatchError('bad-record', parsed.problem)
  const { timeMs, values } = parsed.telemetry
  return Array.from(values, ([metric, value]) => ({
    point: pointKey(record.site, record.device, metric),
    timeSource: timeMs === undefined ? 'arrival' : 'device',
    timesMs: Float64Array.of(timeMs ?? record.receivedMs),
    values: Float64Array.of(value),
    qualities: Uint16Array.of(0),
  }))
}

/** The camera event of a record of that kind. */
export function cameraEventOf(record: CentreRecord & { kind: 'camera-event' }): CameraEvent {
  const parsed = parseFrigateEvent(utf8(record.bytes))
  if ('problem' in parsed) throw new FarwatchError('bad-record', parsed.problem)
  return parsed.event
}
