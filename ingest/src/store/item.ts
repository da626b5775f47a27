import { openSeal, openSign1, type Seal } from '@farwatch/evidence'
import {
  arePlausible,
  type CameraEvent,
  type CentreRecord,
  cameraEventOf,
  Delivery,
  decodeLoss,
  decodeRecord,
  encodeSeries,
  GatewayStatus,
  implausible,
  type LossDeclaration,
  messageOf,
  noReadings,
  packSeries,
  partByPlausibility,
  type Readings,
  readingsOf,
  seriesIn,
  topics,
  utf8,
} from '@farwatch/model'
import type { JournalEntry, JournalRecord } from '@farwatch/runtime'
import { encode } from 'cborg'
import { type SignedHeader, signedHeaderOf } from '../signed-header.ts'

/** One record of the journal, read as far as that needs no database. */
export interface Item {
  readonly source: JournalRecord
  readonly receivedMs: number
  /** Empty for records that carry no readings. */
  readonly readings: Readings
  readonly content: Content
  /** Readings that no time axis can take, because their clock was wrong: kept in quarantine, not among the readings. */
  readonly misdated?: Refusal
}

export type Content =
  | { readonly kind: 'readings' }
  | { readonly kind: 'batch'; readonly signed: SignedHeader }
  | { readonly kind: 'loss'; readonly loss: LossDeclaration; readonly sign1: Uint8Array }
  | { readonly kind: 'camera-event'; readonly event: CameraEvent }
  | { readonly kind: 'picture'; readonly camera: string; readonly label: string; readonly jpeg: Uint8Array }
  | { readonly kind: 'status'; readonly gateway: string; readonly status: GatewayStatus }
  | { readonly kind: 'delivery'; readonly delivery: Delivery }
  | { readonly kind: 'seal'; readonly seal: SignedSeal }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }

export interface SignedSeal {
  readonly body: Seal
  readonly keyId: string
  /** SHA-256 of `sign1`. */
  readonly hash: Uint8Array
  readonly sign1: Uint8Array
}

/** What quarantine keeps of refused traffic. */
export interface Refusal {
  readonly topic: string
  readonly client: string
  readonly reason: string
  /** Bytes as received; those kept may be cut. */
  readonly size: number
  readonly bytes: Uint8Array
}

/**
 * Reads a record. One that does not parse is a fault of ours, one that is damaged a fault of the disk: it becomes a refusal
 * with the reason, and the rest goes on.
 */
export function readItem(entry: JournalEntry): Item {
  if (entry.payload === undefined) {
    const { position, damaged } = entry
    const reason = `journal-damaged: the disk no longer gives back records ${damaged.first} to ${damaged.next - 1}`
    return refusedItem({ position, payload: new Uint8Array() }, reason)
  }
  const source = entry
  try {
    const record = decodeRecord(source.payload)
    const base = { source, receivedMs: record.receivedMs }
    if (record.kind !== 'batch') return { ...base, readings: readingsOf(record), content: contentOf(record) }
    const content = { kind: 'batch', signed: signedHeaderOf(record) } as const
    return { ...base, ...partMisdated(readingsOf(record), record), content }
  } catch (error) {
    return refusedItem(source, `the record cannot be read: ${messageOf(error)}`)
  }
}

/** A batch is stored even when a clock was wrong: the signed header stands, its misdated readings wait in quarantine. */
function partMisdated(
  readings: Readings,
  { receivedMs, gateway }: CentreRecord & { kind: 'batch' },
): Pick<Item, 'readings' | 'misdated'> {
  if (arePlausible(readings.timesMs, receivedMs)) return { readings }
  const parted = seriesIn(readings).map((one) => partByPlausibility(one, receivedMs))
  const refused = parted.flatMap((part) => part.refused ?? [])
  const [first] = refused
  if (first === undefined) return { readings }
  const count = refused.reduce((sum, { timesMs }) => sum + timesMs.length, 0)
  const bytes = encode(refused.map(encodeSeries))
  const reason = `implausible-time: ${count} readings left out of the time axis; ${first.point} ${implausible(first.timesMs[0]!, receivedMs)}`
  return {
    readings: packSeries(parted.flatMap((part) => part.kept ?? [])),
    misdated: { topic: topics.batch(gateway), client: gateway, reason, size: bytes.length, bytes },
  }
}

function contentOf(record: Exclude<CentreRecord, { kind: 'batch' }>): Content {
  switch (record.kind) {
    case 'telemetry':
      return { kind: 'readings' }
    case 'camera-event':
      return { kind: 'camera-event', event: cameraEventOf(record) }
    case 'picture':
      return { kind: 'picture', camera: record.camera, label: record.label, jpeg: record.bytes }
    case 'gateway-status': {
      const status = GatewayStatus.parse(JSON.parse(utf8(record.bytes)))
      return { kind: 'status', gateway: record.gateway, status }
    }
    case 'delivery':
      return { kind: 'delivery', delivery: Delivery.parse(JSON.parse(utf8(record.bytes))) }
    case 'loss':
      return { kind: 'loss', loss: decodeLoss(openSign1(record.bytes).payload), sign1: record.bytes }
    case 'seal': {
      const { body, hash, signed } = openSeal(record.bytes)
      return { kind: 'seal', seal: { body, keyId: signed.keyId, hash, sign1: record.bytes } }
    }
    case 'quarantine':
      return { kind: 'refusal', refusal: record }
  }
}

const maxKeptBytes = 64 * 1024
const maxReason = 2_000

/** The item that stands for a record which cannot be stored as what it is. */
export function refusedItem(source: JournalRecord, reason: string): Item {
  const { receivedMs } = originOf(source)
  return {
    source,
    receivedMs,
    readings: noReadings,
    content: { kind: 'refusal', refusal: refusalOf(source, reason) },
  }
}

/** What quarantine keeps of a record of the journal. */
export function refusalOf(source: JournalRecord, reason: string): Refusal {
  const { kind, client } = originOf(source)
  return {
    topic: `journal/${kind}`,
    client,
    reason: reason.slice(0, maxReason),
    size: source.payload.length,
    bytes: source.payload.subarray(0, maxKeptBytes),
  }
}

function originOf({ payload }: JournalRecord): { kind: string; receivedMs: number; client: string } {
  try {
    const record = decodeRecord(payload)
    const client =
      'gateway' in record ? record.gateway : 'site' in record ? `${record.site}/${record.device}` : ''
    return { kind: record.kind, receivedMs: record.receivedMs, client }
  } catch {
    return { kind: 'unreadable', receivedMs: 0, client: '' }
  }
}
