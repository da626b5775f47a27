import { type Readings, toSmallint } from '@farwatch/model'

/**
 * PostgreSQL's binary COPY format (documentation of COPY, "Binary Format"): a signature, then rows of length-prefixed
 * fields in network order, then -1. Timestamps are microseconds since 2000-01-01, UTC.
 */
const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const postgresEpochMs = 946_684_800_000
const two32 = 2 ** 32

/** Microseconds since 2000 need up to 58 bits, so they are made in two halves: high and low word of the int64. */
function writeTimestamp(view: DataView, at: number, timeMs: number): void {
  const ms = timeMs - postgresEpochMs
  const high = Math.floor(ms / two32)
  const low = (ms - high * two32) * 1_000
  view.setInt32(at, high * 1_000 + Math.floor(low / two32))
  view.setUint32(at + 4, low % two32)
}

function writeInt8(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / two32)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * two32)
}

/** One COPY stream of any table; grows as needed. Call `row`, then one method per field, and `finish` once. */
export class CopyEncoder {
  rows = 0
  #bytes = Buffer.allocUnsafe(4_096)
  #view = viewOf(this.#bytes)
  #at = signature.copy(this.#bytes)

  row(fields: number): this {
    this.#reserve(2)
    this.#view.setInt16(this.#at, fields)
    this.#at += 2
    this.rows++
    return this
  }

  int4(value: number): this {
    const at = this.#field(4)
    this.#view.setInt32(at, value)
    return this
  }

  int8(value: number | null): this {
    if (value === null) return this.#null()
    const at = this.#field(8)
    writeInt8(this.#view, at, value)
    return this
  }

  float8(value: number | null): this {
    if (value === null) return this.#null()
    const at = this.#field(8)
    this.#view.setFloat64(at, value)
    return this
  }

  /** Unix milliseconds as timestamptz. */
  timestamp(timeMs: number | null): this {
    if (timeMs === null) return this.#null()
    const at = this.#field(8)
    writeTimestamp(this.#view, at, timeMs)
    return this
  }

  text(value: string): this {
    return this.bytes(Buffer.from(storable(value)))
  }

  bytes(value: Uint8Array | null): this {
    if (value === null) return this.#null()
    const at = this.#field(value.length)
    this.#bytes.set(value, at)
    return this
  }

  jsonb(value: unknown): this {
    const text = Buffer.from(`\u0001${storableJson(value)}`)
    return this.bytes(text)
  }

  finish(): Uint8Array {
    this.#reserve(2)
    this.#view.setInt16(this.#at, -1)
    this.#at += 2
    return this.#bytes.subarray(0, this.#at)
  }

  #null(): this {
    this.#reserve(4)
    this.#view.setInt32(this.#at, -1)
    this.#at += 4
    return this
  }

  /** Writes the length and returns where the field's bytes go. */
  #field(length: number): number {
    this.#reserve(4 + length)
    this.#view.setInt32(this.#at, length)
    const at = this.#at + 4
    this.#at = at + length
    return at
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + more))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
    this.#view = viewOf(larger)
  }
}

/** What PostgreSQL's text cannot hold: U+0000 and lone surrogates become U+FFFD. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** JSON text whose strings PostgreSQL takes. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'string' ? storable(item) : item))
}

/** Readings of one record as they go into table `reading`. */
export interface RecordRows {
  /** Position of the record in the centre's journal. */
  readonly position: number
  readonly readings: Readings
  /** The number of each series' point; 0: the series is left out. */
  readonly pointIds: Int32Array
}

export const readingColumns = ['time', 'point_id', 'value', 'quality', 'batch'] as const
/** Field count, then time, point, value, quality and batch with their lengths. */
const rowBytes = 2 + 12 + 8 + 12 + 6 + 12

/** The COPY stream of table `reading`, in one pass into one buffer. */
export function encodeReadings(all: readonly RecordRows[]): Uint8Array {
  let rows = 0
  for (const { readings } of all) rows += readings.timesMs.length
  const bytes = Buffer.allocUnsafe(signature.length + rows * rowBytes + 2)
  const view = viewOf(bytes)
  let at = signature.copy(bytes)
  for (const record of all) at = encodeRecordRows(view, at, record)
  view.setInt16(at, -1)
  return bytes.subarray(0, at + 2)
}

function encodeRecordRows(
  view: DataView,
  from: number,
  { position, readings, pointIds }: RecordRows,
): number {
  const { ends, timesMs, values, qualities } = readings
  let at = from
  let row = 0
  for (let s = 0; s < ends.length; s++) {
    const pointId = pointIds[s]!
    const end = ends[s]!
    if (pointId === 0) row = end
    for (; row < end; row++) {
      const value = values[row]!
      view.setInt16(at, readingColumns.length)
      view.setInt32(at + 2, 8)
      writeTimestamp(view, at + 6, timesMs[row]!)
      view.setInt32(at + 14, 4)
      view.setInt32(at + 18, pointId)
      at += 22
      // NaN stands for "no value".
      if (Number.isNaN(value)) {
        view.setInt32(at, -1)
        at += 4
      } else {
        view.setInt32(at, 8)
        view.setFloat64(at + 4, value)
        at += 12
      }
      view.setInt32(at, 2)
      view.setInt16(at + 4, toSmallint(qualities[row]!))
      view.setInt32(at + 6, 8)
      writeInt8(view, at + 10, position)
      at += 18
    }
  }
  return at
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
