import { createHash } from 'node:crypto'
import type { Delivery, GatewayStatus } from '@farwatch/model'
import { CopyEncoder, encodeReadings, type RecordRows, readingColumns } from './binary-copy.ts'
import { type Item, type Refusal, refusalOf, type SignedSeal } from './item.ts'
import type { PointIds } from './point-ids.ts'

/** A COPY into one table. */
export interface TableCopy {
  readonly table: string
  readonly columns: readonly string[]
  readonly data: Uint8Array
  readonly rows: number
}

/** What one transaction writes. */
export interface Tables {
  readonly copies: readonly TableCopy[]
  readonly readings: number
  readonly refusals: number
  /** Cameras that got a picture. */
  readonly cameras: readonly string[]
  /** The last status of each gateway. */
  readonly statuses: ReadonlyMap<string, { readonly status: GatewayStatus; readonly receivedMs: number }>
  /** The last account of how each gateway's batches came in. */
  readonly deliveries: ReadonlyMap<string, { readonly delivery: Delivery; readonly receivedMs: number }>
}

/** Encodes items for the database. Series of points without a number are left out, and their record says so in quarantine. */
export function encodeItems(items: readonly Item[], ids: Pick<PointIds, 'of'>): Tables {
  const readings: RecordRows[] = []
  let rows = 0
  const ledger = new CopyEncoder()
  const losses = new CopyEncoder()
  const events = new CopyEncoder()
  const pictures = new CopyEncoder()
  const refusals = new CopyEncoder()
  const seals = new CopyEncoder()
  const cameras = new Set<string>()
  const statuses = new Map<string, { status: GatewayStatus; receivedMs: number }>()
  const deliveries = new Map<string, { delivery: Delivery; receivedMs: number }>()
  for (const item of items) {
    const { position } = item.source
    const { points, ends } = item.readings
    const pointIds = ids.of(points)
    let left = 0
    for (let s = 0; s < points.length; s++) {
      if (pointIds[s] === 0) left++
      else rows += ends[s]! - (s === 0 ? 0 : ends[s - 1]!)
    }
    if (left < points.length) readings.push({ position, readings: item.readings, pointIds })
    if (left > 0) {
      const reason = `${left} points are unknown, and no more are taken up`
      addRefusal(refusals, item, refusalOf(item.source, reason))
    }
    if (item.misdated !== undefined) addRefusal(refusals, item, item.misdated)
    const { content } = item
    if (content.kind === 'batch') addBatch(ledger, item)
    if (content.kind === 'loss') addLoss(losses, item)
    if (content.kind === 'camera-event') addEvent(events, item)
    if (content.kind === 'picture') {
      addPicture(pictures, item)
      cameras.add(content.camera)
    }
    if (content.kind === 'refusal') addRefusal(refusals, item, content.refusal)
    if (content.kind === 'delivery') {
      const { delivery } = content
      deliveries.set(delivery.gateway, { delivery, receivedMs: item.receivedMs })
    }
    if (content.kind === 'seal') addSeal(seals, position, content.seal)
    if (content.kind === 'status') {
      statuses.set(content.gateway, { status: content.status, receivedMs: item.receivedMs })
    }
  }
  const copies: TableCopy[] = []
  if (rows > 0) {
    copies.push({ table: 'reading', columns: readingColumns, data: encodeReadings(readings), rows })
  }
  for (const [table, encoder] of [
    ['batch', ledger],
    ['loss', losses],
    ['camera_event', events],
    ['picture', pictures],
    ['quarantine', refusals],
    ['seal', seals],
  ] as const) {
    if (encoder.rows === 0) continue
    copies.push({ table, columns: columns[table], data: encoder.finish(), rows: encoder.rows })
  }
  return { copies, readings: rows, refusals: refusals.rows, cameras: [...cameras], statuses, deliveries }
}

const columns = {
  batch: [
    'position',
    'gateway',
    'chain',
    'boot',
    'seq',
    'prev',
    'hash',
    'key_id',
    'readings',
    'series',
    'made_at',
    'received_at',
    'sign1',
  ],
  loss: [
    'position',
    'gateway',
    'chain',
    'from_seq',
    'to_seq',
    'prev',
    'last',
    'readings',
    'first_made_at',
    'last_made_at',
    'reason',
    'declared_at',
    'received_at',
    'sign1',
  ],
  camera_event: [
    'position',
    'received_at',
    'event',
    'camera',
    'phase',
    'label',
    'score',
    'zones',
    'time',
    'started_at',
    'ended_at',
  ],
  picture: ['position', 'received_at', 'camera', 'label', 'sha256', 'jpeg'],
  quarantine: ['position', 'received_at', 'topic', 'client', 'reason', 'size', 'bytes'],
  seal: [
    'position',
    'chain',
    'seq',
    'prev',
    'hash',
    'key_id',
    'from_position',
    'to_position',
    'records',
    'root',
    'made_at',
    'sign1',
  ],
} as const

function addBatch(copy: CopyEncoder, { source, receivedMs, content }: Item): void {
  if (content.kind !== 'batch') return
  const { header, hash, keyId, sign1 } = content.signed
  copy
    .row(columns.batch.length)
    .int8(source.position)
    .text(header.gateway)
    .text(header.chain)
    .text(header.boot)
    .int8(header.seq)
    .bytes(header.prev)
    .bytes(hash)
    .text(keyId)
    .int4(header.readings)
    .int4(header.series)
    .timestamp(header.madeMs)
    .timestamp(receivedMs)
    .bytes(sign1)
}

function addLoss(copy: CopyEncoder, { source, receivedMs, content }: Item): void {
  if (content.kind !== 'loss') return
  const { loss, sign1 } = content
  copy
    .row(columns.loss.length)
    .int8(source.position)
    .text(loss.gateway)
    .text(loss.chain)
    .int8(loss.from)
    .int8(loss.to)
    .bytes(loss.prev ?? null)
    .bytes(loss.last ?? null)
    .int8(loss.readings ?? null)
    .timestamp(loss.firstMadeMs ?? null)
    .timestamp(loss.lastMadeMs ?? null)
    .text(loss.reason)
    .timestamp(loss.madeMs)
    .timestamp(receivedMs)
    .bytes(sign1)
}

function addEvent(copy: CopyEncoder, { source, receivedMs, content }: Item): void {
  if (content.kind !== 'camera-event') return
  const { event } = content
  copy
    .row(columns.camera_event.length)
    .int8(source.position)
    .timestamp(receivedMs)
    .text(event.id)
    .text(event.camera)
    .text(event.phase)
    .text(event.label)
    .float8(event.score)
    .jsonb(event.zones)
    .timestamp(event.timeMs)
    .timestamp(event.startMs)
    .timestamp(event.endMs)
}

function addPicture(copy: CopyEncoder, { source, receivedMs, content }: Item): void {
  if (content.kind !== 'picture') return
  copy
    .row(columns.picture.length)
    .int8(source.position)
    .timestamp(receivedMs)
    .text(content.camera)
    .text(content.label)
    .bytes(createHash('sha256').update(content.jpeg).digest())
    .bytes(content.jpeg)
}

function addRefusal(copy: CopyEncoder, { source, receivedMs }: Item, refusal: Refusal): void {
  const { topic, client, reason, size, bytes } = refusal
  copy
    .row(columns.quarantine.length)
    .int8(source.position)
    .timestamp(receivedMs)
    .text(topic)
    .text(client)
    .text(reason)
    .int8(size)
    .bytes(bytes)
}

function addSeal(copy: CopyEncoder, position: number, { body, keyId, hash, sign1 }: SignedSeal): void {
  copy
    .row(columns.seal.length)
    .int8(position)
    .text(body.chain)
    .int8(body.seq)
    .bytes(body.prev)
    .bytes(hash)
    .text(keyId)
    .int8(body.from)
    .int8(body.to)
    .int4(body.count)
    .bytes(body.root)
    .timestamp(body.madeMs)
    .bytes(sign1)
}
