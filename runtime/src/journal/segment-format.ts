import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { FarwatchError } from '@farwatch/model'
import type { JournalFile } from './file-layer.ts'

/**
 * How a segment, one file of a journal, is laid out. All numbers are little endian.
 *
 * FWJ2, which is written: a header of 32 bytes, "FWJ2", CRC-32 of the rest of the header, position of the first record
 * (uint64), wall clock at the segment's creation in Unix milliseconds (uint64), mark (uint32, random), four zero bytes. Then
 * records: payload length (uint32), CRC-32 of what follows (uint32), the segment's mark (uint32), low half of the position
 * (uint32), place in the group that one fsync made durable (uint32, from 0), payload.
 *
 * - The mark lets a reader find the next record behind a damaged one. It is random so that no payload can imitate a record.
 * - A group is written only after the one before it was synced. So what lies before the last group was acknowledged, and
 *   damage there is rot; damage within the last group is a torn write that nobody was told of.
 * - The creation time is an upper bound for the age of everything in the segments before (see retention.ts).
 *
 * FWJ1, which is read: a header of 16 bytes, "FWJ1", four zero bytes, position of the first record (uint64). Then records:
 * payload length (uint32), CRC-32 of position (uint64) and payload (uint32), payload.
 */
export type Layout =
  | { readonly version: 1; readonly headerBytes: 16; readonly overhead: 8; readonly createdMs: undefined }
  | {
      readonly version: 2
      readonly headerBytes: 32
      readonly overhead: 20
      /** Undefined where the header is damaged: then its age is unknown. */
      readonly createdMs: number | undefined
      /** Undefined where neither header nor first record give it away: then nothing can be read. */
      readonly mark: number | undefined
    }

export const headerBytes = 32
export const recordOverhead = 20
/** A payload's bound; anything larger in a length field is damage. */
export const maxPayloadBytes = 16 * 1024 * 1024

const layout1: Layout = { version: 1, headerBytes: 16, overhead: 8, createdMs: undefined }
const layout2 = (mark: number | undefined, createdMs?: number): Layout => ({
  ...{ version: 2, headerBytes: 32, overhead: 20, createdMs, mark },
})

export function newHeader(first: number, createdMs: number): { header: Buffer; layout: Layout } {
  const header = Buffer.alloc(headerBytes)
  header.write('FWJ2', 'latin1')
  header.writeBigUInt64LE(BigInt(first), 8)
  header.writeBigUInt64LE(BigInt(Math.max(0, createdMs)), 16)
  randomBytes(4).copy(header, 24)
  header.writeUInt32LE(crc32(header.subarray(8)), 4)
  return { header, layout: layout2(header.readUInt32LE(24), createdMs) }
}

/**
 * Tells a segment's layout from its beginning; a damaged header is overlooked where the first record is whole. Undefined
 * when there is nothing but, at most, a header that a power cut has torn.
 */
export async function layoutOf(file: JournalFile, first: number): Promise<Layout | undefined> {
  const start = Buffer.from(await file.read(0, headerBytes))
  const magic = start.toString('latin1', 0, 4)
  if (
    start.length === headerBytes &&
    magic === 'FWJ2' &&
    start.readUInt32LE(4) === crc32(start.subarray(8))
  ) {
    if (start.readBigUInt64LE(8) === BigInt(first)) {
      return layout2(start.readUInt32LE(24), Number(start.readBigUInt64LE(16)))
    }
    throw new FarwatchError(
      'journal-damaged',
      `a segment named ${first} begins with ${start.readBigUInt64LE(8)}`,
    )
  }
  if (start.length >= 16 && magic === 'FWJ1' && start.readBigUInt64LE(8) === BigInt(first)) return layout1
  if ((await file.size()) <= headerBytes) return undefined
  const head = Buffer.from(await file.read(headerBytes, recordOverhead))
  if (head.length === recordOverhead) {
    const guess = layout2(head.readUInt32LE(8))
    if (await isWholeAt(file, headerBytes, { layout: guess, position: first })) return guess
  }
  if (await isWholeAt(file, 16, { layout: layout1, position: first })) return layout1
  return layout2(undefined)
}

async function isWholeAt(
  file: JournalFile,
  offset: number,
  wanted: { layout: Layout; position: number },
): Promise<boolean> {
  const { overhead } = wanted.layout
  const head = Buffer.from(await file.read(offset, overhead))
  if (head.length < overhead || head.readUInt32LE(0) > maxPayloadBytes) return false
  const whole = Buffer.from(await file.read(offset, overhead + head.readUInt32LE(0)))
  return isWhole(whole, 0, wanted)
}

/** Whether the record of this position stands, whole, at `at`; its length field has been checked against the buffer or not. */
export function isWhole(
  bytes: Buffer,
  at: number,
  { layout, position }: { layout: Layout; position: number },
): boolean {
  if (bytes.length - at < layout.overhead) return false
  const length = bytes.readUInt32LE(at)
  if (length > maxPayloadBytes || bytes.length - at < layout.overhead + length) return false
  const payload = bytes.subarray(at + layout.overhead, at + layout.overhead + length)
  const expected = bytes.readUInt32LE(at + 4)
  if (layout.version === 1) {
    const head = Buffer.allocUnsafe(8)
    head.writeBigUInt64LE(BigInt(position))
    return crc32(payload, crc32(head)) === expected
  }
  return (
    bytes.readUInt32LE(at + 8) === layout.mark &&
    bytes.readUInt32LE(at + 12) === lowHalf(position) &&
    crc32(payload, crc32(bytes.subarray(at + 8, at + recordOverhead))) === expected
  )
}

/** One group of records as the bytes that are written, head and payload in turn. */
export function frames(layout: Layout, first: number, payloads: readonly Uint8Array[]): Uint8Array[] {
  if (layout.version !== 2)
    throw new FarwatchError('journal-damaged', 'only segments of version 2 are written')
  return payloads.flatMap((payload, i) => {
    const head = Buffer.allocUnsafe(recordOverhead)
    head.writeUInt32LE(payload.length, 0)
    head.writeUInt32LE(layout.mark!, 8)
    head.writeUInt32LE(lowHalf(first + i), 12)
    head.writeUInt32LE(i, 16)
    head.writeUInt32LE(crc32(payload, crc32(head.subarray(8))), 4)
    return [head, payload]
  })
}

/** Place of a whole record within its group; undefined in version 1, which does not say. */
export function placeInGroup(bytes: Buffer, at: number, layout: Layout): number | undefined {
  return layout.version === 2 ? bytes.readUInt32LE(at + 16) : undefined
}

const searchBytes = 1024 * 1024

/**
 * The next whole record behind a damaged one that begins at `offset` and should have `position`: where its neighbour
 * stands if the length field is intact, else wherever the mark is found. Undefined when there is none up to `until`.
 */
export async function findNext(
  file: JournalFile,
  layout: Layout,
  { offset, position, until }: { offset: number; position: number; until: number },
): Promise<{ offset: number; position: number } | undefined> {
  const isThere = (where: number, which: number) => isWholeAt(file, where, { layout, position: which })
  const head = Buffer.from(await file.read(offset, 4))
  if (head.length === 4 && head.readUInt32LE(0) <= maxPayloadBytes) {
    const neighbour = offset + layout.overhead + head.readUInt32LE(0)
    if (neighbour < until && (await isThere(neighbour, position + 1))) {
      return { offset: neighbour, position: position + 1 }
    }
  }
  if (layout.version === 1 || layout.mark === undefined) return undefined
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(layout.mark)
  for (let from = offset + 1; from + recordOverhead <= until; from += searchBytes) {
    const bytes = Buffer.from(await file.read(from, Math.min(searchBytes + recordOverhead, until - from)))
    for (
      let hit = bytes.indexOf(mark);
      hit >= 0 && hit + 8 <= bytes.length;
      hit = bytes.indexOf(mark, hit + 1)
    ) {
      const where = from + hit - 8
      const passed = (bytes.readUInt32LE(hit + 4) - lowHalf(position)) >>> 0
      // Each record that was passed over takes at least its overhead.
      if (where <= offset || passed * recordOverhead > where - offset) continue
      if (await isThere(where, position + passed)) return { offset: where, position: position + passed }
    }
  }
  return undefined
}

function lowHalf(position: number): number {
  return position % 2 ** 32
}
