import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { FarwatchError } from '@farwatch/model'
import type { FileLayer, JournalFile } from './file-layer.ts'
import type { JournalRecord } from './journal.ts'

/**
 * One file of a journal. Header of 16 bytes: "FWJ1", four zero bytes, position of the first record (uint64 LE).
 * Then records: payload length (uint32 LE), CRC-32 over position and payload (uint32 LE), payload.
 */
const magic = Buffer.from('FWJ1\0\0\0\0', 'latin1')
export const headerBytes = 16
export const recordOverhead = 8
/** A payload's bound; anything larger in a length field is damage. */
export const maxPayloadBytes = 16 * 1024 * 1024
const indexEvery = 64
const readAhead = 256 * 1024

export function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.log`
}

export function firstOfName(name: string): number | undefined {
  const match = /^(\d{16})\.log$/.exec(name)
  return match ? Number(match[1]) : undefined
}

function checksum(position: number, payload: Uint8Array): number {
  const head = Buffer.allocUnsafe(8)
  head.writeBigUInt64LE(BigInt(position))
  return crc32(payload, crc32(head))
}

export function frame(position: number, payload: Uint8Array): [Uint8Array, Uint8Array] {
  const head = Buffer.allocUnsafe(recordOverhead)
  head.writeUInt32LE(payload.length, 0)
  head.writeUInt32LE(checksum(position, payload), 4)
  return [head, payload]
}

async function hasHeader(file: JournalFile, first: number): Promise<boolean> {
  const header = Buffer.from(await file.read(0, headerBytes))
  return (
    header.length === headerBytes &&
    magic.equals(header.subarray(0, 8)) &&
    header.readBigUInt64LE(8) === BigInt(first)
  )
}

export class Segment {
  readonly first: number
  readonly path: string
  readonly #file: JournalFile
  /** Offsets of about every 64th record written or read so far, and of places where reading stopped lately. */
  readonly #index: Map<number, number>
  readonly #places = new Map<number, number>()
  #lastIndexed: number
  /** One past the last durable record, and the offset behind it. */
  next: number
  end: number

  private constructor(first: number, path: string, file: JournalFile) {
    this.first = first
    this.path = path
    this.#file = file
    this.#index = new Map([[first, headerBytes]])
    this.#lastIndexed = first
    this.next = first
    this.end = headerBytes
  }

  static async create(files: FileLayer, folder: string, first: number): Promise<Segment> {
    const path = join(folder, segmentName(first))
    await files.remove(path)
    const file = await files.open(path, { create: true })
    const header = Buffer.alloc(headerBytes)
    magic.copy(header)
    header.writeBigUInt64LE(BigInt(first), 8)
    try {
      await file.write(0, [header])
      await file.sync()
      await files.syncFolder(folder)
    } catch (error) {
      await file.close()
      throw error
    }
    return new Segment(first, path, file)
  }

  /**
   * Opens a segment that another one follows: it ends where that one begins, whatever bytes lie behind.
   * @throws FarwatchError `journal-damaged` when its header cannot be read.
   */
  static async openFull(
    files: FileLayer,
    path: string,
    range: { first: number; next: number },
  ): Promise<Segment> {
    const file = await files.open(path, { create: false })
    if (!(await hasHeader(file, range.first))) {
      await file.close()
      throw new FarwatchError('journal-damaged', `${path}: not a segment of a journal (header unreadable)`)
    }
    const segment = new Segment(range.first, path, file)
    segment.next = range.next
    segment.end = await file.size()
    return segment
  }

  /**
   * Opens the last segment and finds its last whole record. What lies behind was never acknowledged (a torn write), or
   * the disk has rotted: nobody can tell, so it is cut off here but returned, to be kept aside.
   * Undefined when a crash left a file whose header never reached the disk.
   */
  static async openLast(
    files: FileLayer,
    path: string,
    first: number,
  ): Promise<{ segment: Segment; torn: Uint8Array } | undefined> {
    const file = await files.open(path, { create: false })
    const size = await file.size()
    if (!(await hasHeader(file, first))) {
      await file.close()
      if (size <= headerBytes) return undefined
      throw new FarwatchError('journal-damaged', `${path}: not a segment of a journal (header unreadable)`)
    }
    const segment = new Segment(first, path, file)
    for await (const { position, end } of segment.#scan(headerBytes, first, size)) {
      segment.next = position + 1
      segment.end = end
      segment.#remember(segment.next, end)
    }
    const torn = await file.read(segment.end, Math.min(size - segment.end, maxPayloadBytes))
    return { segment, torn }
  }

  get bytes(): number {
    return this.end
  }

  /** Writes framed records behind the durable end and syncs. The caller adopts them with `adopt`. */
  async write(frames: readonly Uint8Array[]): Promise<void> {
    await this.#file.write(this.end, frames)
    await this.#file.sync()
  }

  adopt(count: number, bytes: number): void {
    this.#remember(this.next, this.end)
    this.next += count
    this.end += bytes
  }

  #remember(position: number, offset: number): void {
    if (position - this.#lastIndexed < indexEvery) return
    this.#index.set(position, offset)
    this.#lastIndexed = position
  }

  /** Takes back a write that failed; what cannot be cut is cut by the next segment's first position. */
  async takeBack(): Promise<void> {
    await this.#file.truncate(this.end)
    await this.#file.sync()
  }

  async read(from: number, maxRecords: number, maxBytes: number): Promise<JournalRecord[]> {
    // As it is now: appends go on while this reads.
    const { next, end } = this
    if (from >= next) return []
    let position = from
    let offset = this.#places.get(from) ?? this.#index.get(from)
    while (offset === undefined) {
      position--
      offset = this.#index.get(position)
    }
    const records: JournalRecord[] = []
    let bytes = 0
    let stop = offset
    for await (const record of this.#scan(offset, position, end)) {
      if (record.position >= next) break
      this.#remember(record.position + 1, record.end)
      if (record.position < from) continue
      records.push({ position: record.position, payload: record.payload })
      bytes += record.payload.length
      stop = record.end
      if (records.length >= maxRecords || bytes >= maxBytes) break
    }
    const last = records.at(-1)
    if (last === undefined || (records.length < maxRecords && bytes < maxBytes && last.position + 1 < next)) {
      throw new FarwatchError(
        'journal-damaged',
        `${this.path}: record ${(last?.position ?? from - 1) + 1} is unreadable`,
      )
    }
    this.#places.set(last.position + 1, stop)
    if (this.#places.size > 16) this.#places.delete(this.#places.keys().next().value!)
    return records
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** Whole records one after another from an offset, up to the first that is not whole. */
  async *#scan(
    start: number,
    firstPosition: number,
    until: number,
  ): AsyncGenerator<JournalRecord & { end: number }> {
    let offset = start
    let position = firstPosition
    let chunk: Buffer = Buffer.alloc(0)
    let at = 0
    const ensure = async (length: number): Promise<boolean> => {
      if (chunk.length - at >= length) return true
      const wanted = Math.min(Math.max(length, readAhead), until - offset)
      if (wanted < length) return false
      const read = await this.#file.read(offset, wanted)
      chunk = Buffer.from(read.buffer, read.byteOffset, read.byteLength)
      at = 0
      return chunk.length >= length
    }
    while (await ensure(recordOverhead)) {
      const length = chunk.readUInt32LE(at)
      const expected = chunk.readUInt32LE(at + 4)
      if (length > maxPayloadBytes || !(await ensure(recordOverhead + length))) return
      const payload = chunk.subarray(at + recordOverhead, at + recordOverhead + length)
      if (checksum(position, payload) !== expected) return
      at += recordOverhead + length
      offset += recordOverhead + length
      yield { position, payload, end: offset }
      position++
    }
  }
}
