import { encode } from 'cborg'
import { CborReader } from './cbor-reader.ts'
import { FarwatchError } from './errors.ts'
import { type CameraEvent, parseFrigateEvent } from './frigate.ts'
import type { Series } from './reading.ts'
import { noReadings, type Readings, readBatch, seriesIn } from './readings.ts'
import { encodeParts } from './record-bytes.ts'
import { parseTelemetry } from './telemetry.ts'
import { telemetryReadings } from './telemetry-readings.ts'
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
  /** A gateway's declaration of loss: the COSE_Sign1 as it came. */
  | {
      readonly kind: 'loss'
      readonly receivedMs: number
      readonly gateway: string
      readonly bytes: Uint8Array
    }
  /** How a gateway's batches have come in, as of now: `Delivery` as JSON. */
  | {
      readonly kind: 'delivery'
      readonly receivedMs: number
      readonly gateway: string
      readonly bytes: Uint8Array
    }
  /** The centre's seal over plain records before it: a COSE_Sign1. `receivedMs`: when it was made. */
  | { readonly kind: 'seal'; readonly receivedMs: number; readonly bytes: Uint8Array }
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

export function encodeRecord(record: CentreRecord): Uint8Array {
  switch (record.kind) {
    case 'batch':
      return encodeParts(0, record.receivedMs, { bytes: record.bytes, names: [record.gateway] })
    case 'telemetry':
      return encodeParts(1, record.receivedMs, { bytes: record.bytes, names: [record.site, record.device] })
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
    case 'loss':
      return encode([6, record.receivedMs, record.bytes, record.gateway])
    case 'delivery':
      return encode([8, record.receivedMs, record.bytes, record.gateway])
    case 'seal':
      return encode([7, record.receivedMs, record.bytes])
  }
}

/** What these bytes decode to, and what readings a record carries, for as long as anybody holds them. */
const records = new WeakMap<Uint8Array, CentreRecord>()
const readings = new WeakMap<CentreRecord, Readings>()

/**
 * `encodeRecord` for a record whose readings intake has decoded to judge them: whoever reads these very bytes in this
 * process is given record and readings as they were, instead of decoding them again. Both are what the bytes say.
 */
export function encodeDecoded(record: CentreRecord, decoded: Readings): Uint8Array {
  const bytes = encodeRecord(record)
  records.set(bytes, record)
  readings.set(record, decoded)
  return bytes
}

/**
 * Reads what `encodeRecord` wrote; the same bytes give the same record, and several readers of one journal decode it once.
 * @throws FarwatchError `bad-cbor`, `bad-record`.
 */
export function decodeRecord(bytes: Uint8Array): CentreRecord {
  const known = records.get(bytes)
  if (known !== undefined) return known
  const record = readRecord(bytes)
  records.set(bytes, record)
  return record
}

function readRecord(bytes: Uint8Array): CentreRecord {
  const reader = new CborReader(bytes)
  const length = reader.array()
  const code = reader.uint()
  const base = { receivedMs: reader.uint(), bytes: reader.bytes() }
  const record = rest(code, base, reader)
  // Each field is a part, and the kind is the code.
  const expected = Object.keys(record).length
  if (length !== expected)
    throw new FarwatchError('bad-record', `${length} parts, a record of kind ${code} has ${expected}`)
  reader.end()
  return record
}

function rest(
  code: number,
  base: { receivedMs: number; bytes: Uint8Array },
  reader: CborReader,
): CentreRecord {
  switch (code) {
    case 0:
      return { kind: 'batch', ...base, gateway: reader.text() }
    case 1:
      return { kind: 'telemetry', ...base, site: reader.text(), device: reader.text() }
    case 2:
      return { kind: 'camera-event', ...base }
    case 3:
      return { kind: 'picture', ...base, camera: reader.text(), label: reader.text() }
    case 4:
      return { kind: 'gateway-status', ...base, gateway: reader.text() }
    case 5: {
      const [topic, client, reason] = [reader.text(), reader.text(), reader.text()]
      return { kind: 'quarantine', ...base, topic, client, reason, size: reader.uint() }
    }
    case 6:
      return { kind: 'loss', ...base, gateway: reader.text() }
    case 7:
      return { kind: 'seal', ...base }
    case 8:
      return { kind: 'delivery', ...base, gateway: reader.text() }
    default:
      throw new FarwatchError('bad-record', `unknown kind of record ${code}`)
  }
}

/** Whether a record came without a gateway's signature, so that the centre seals it. */
export function isPlain({ kind }: CentreRecord): boolean {
  return kind === 'telemetry' || kind === 'camera-event' || kind === 'picture'
}

/**
 * The readings of a record; none of records that carry none. Intake let the record in, so its bytes parse; a record that
 * does not is a fault of ours and throws.
 */
export function readingsOf(record: CentreRecord): Readings {
  if (record.kind !== 'batch' && record.kind !== 'telemetry') return noReadings
  const known = readings.get(record)
  if (known !== undefined) return known
  const found = record.kind === 'batch' ? readBatch(record.bytes).readings : readTelemetry(record)
  readings.set(record, found)
  return found
}

/** The same as series. */
export function seriesOf(record: CentreRecord): Series[] {
  return seriesIn(readingsOf(record))
}

function readTelemetry(record: CentreRecord & { kind: 'telemetry' }): Readings {
  const parsed = parseTelemetry(utf8(record.bytes))
  if ('problem' in parsed) throw new FarwatchError('bad-record', parsed.problem)
  return telemetryReadings(parsed.telemetry, record)
}

/** The camera event of a record of that kind. */
export function cameraEventOf(record: CentreRecord & { kind: 'camera-event' }): CameraEvent {
  const parsed = parseFrigateEvent(utf8(record.bytes))
  if ('problem' in parsed) throw new FarwatchError('bad-record', parsed.problem)
  return parsed.event
}
