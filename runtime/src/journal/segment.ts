import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import type { FileLayer, JournalFile } from './file-layer.ts'
import type { JournalEntry } from './journal.ts'
import {
  findNext,
  frames,
  isWhole,
  type Layout,
  layoutOf,
  maxPayloadBytes,
  newHeader,
  placeInGroup,
} from './segment-format.ts'

const indexEvery = 64
const readAhead = 256 * 1024

export function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.log`
}

export function firstOfName(name: string): number | undefined {
  const match = /^(\d{16})\.log$/.exec(name)
  return match ? Number(match[1]) : undefined
}

/** Bytes `start` to `end` cannot be read; the records `first` to `next - 1` stood there. */
export interface Hole {
  readonly first: number
  readonly next: number
  readonly start: number
  readonly end: number
}

interface Whole {
  readonly position: number
  readonly payload: Uint8Array
  readonly end: number
  readonly placeInGroup: number | undefined
}

/** One file of a journal; its format is told in segment-format.ts. */
export class Segment {
  readonly first: number
  readonly path: string
  readonly layout: Layout
  /** Called once for each stretch that cannot be read. */
  onHole: (hole: Hole) => void = () => undefined
  readonly #file: JournalFile
  /** Offsets of about every 64th record written or read so far, and of places where reading stopped lately. */
  readonly #index: Map<number, number>
  readonly #places = new Map<number, number>()
  readonly #holes: Hole[] = []
  #lastIndexed: number
  /** One past the last durable record, and the offset behind it. */
  next: number
  end: number

  private constructor(file: JournalFile, about: { first: number; path: string; layout: Layout }) {
    this.first = about.first
    this.path = about.path
    this.layout = about.layout
    this.#file = file
    this.#index = new Map([[about.first, about.layout.headerBytes]])
    this.#lastIndexed = about.first
    this.next = about.first
    this.end = about.layout.headerBytes
  }

  static async create(
    files: FileLayer,
    folder: string,
    { first, createdMs }: { first: number; createdMs: number },
  ): Promise<Segment> {
    const path = join(folder, segmentName(first))
    await files.remove(path)
    const file = await files.open(path, { create: true })
    const { header, layout } = newHeader(first, createdMs)
    try {
      await file.write(0, [header])
      await file.sync()
      await files.syncFolder(folder)
    } catch (error) {
      await file.close()
      throw error
    }
    return new Segment(file, { first, path, layout })
  }

  /** A segment that another one follows: it ends where that one begins, whatever bytes lie behind, or are missing. */
  static async openFull(
    file: JournalFile,
    path: string,
    { first, next }: { first: number; next: number },
  ): Promise<Segment> {
    const layout = (await layoutOf(file, first)) ?? newHeader(first, 0).layout
    const segment = new Segment(file, { first, path, layout })
    segment.next = next
    segment.end = await file.size()
    return segment
  }

  /**
   * The last segment, up to its last whole record. What lies behind is a torn write that was never acknowledged, or has
   * rotted: nobody can tell, so it is cut off here but returned, to be kept aside. Damage before the last group of
   * records is rot and cuts nothing off.
   * Undefined when a crash left a file whose header never reached the disk.
   * @throws FarwatchError `journal-damaged` when nothing tells where its records begin.
   */
  static async openLast(
    file: JournalFile,
    path: string,
    first: number,
  ): Promise<{ segment: Segment; torn: Uint8Array } | undefined> {
    const layout = await layoutOf(file, first)
    if (layout === undefined) return undefined
    if (layout.version === 2 && layout.mark === undefined) {
      const message = `${path}: not a segment of a journal, or its beginning is damaged; restore it, or move it away to go on without its records`
      throw new FarwatchError('journal-damaged', message)
    }
    const size = await file.size()
    const segment = new Segment(file, { first, path, layout })
    let lastGroup = first
    for await (const part of segment.#scan({ position: first, offset: layout.headerBytes, until: size })) {
      if (part.payload === undefined) continue
      segment.next = part.position + 1
      segment.end = part.end
      segment.#remember(segment.next, part.end)
      lastGroup = part.position - (part.placeInGroup ?? 0)
    }
    const torn = segment.#holes.findIndex((hole) => hole.first >= lastGroup)
    if (torn >= 0) segment.#cutAt(torn)
    return { segment, torn: await file.read(segment.end, size - segment.end) }
  }

  #cutAt(hole: number): void {
    const { first, start } = this.#holes[hole]!
    this.#holes.splice(hole)
    this.next = first
    this.end = start
    for (const position of this.#index.keys()) if (position > first) this.#index.delete(position)
    this.#lastIndexed = Math.min(this.#lastIndexed, first)
  }

  get holes(): readonly Hole[] {
    return this.#holes
  }

  get bytes(): number {
    return this.end
  }

  /** Writes records as one group behind the durable end and syncs. The caller adopts them with `adopt`. */
  async write(payloads: readonly Uint8Array[]): Promise<void> {
    await this.#file.write(this.end, frames(this.layout, this.next, payloads))
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

  /** All bytes as they are on disk. */
  content(): Promise<Uint8Array> {
    return this.#file.read(0, this.end)
  }

  bytesOf({ start, end }: Hole): Promise<Uint8Array> {
    return this.#file.read(start, end - start)
  }

  /** Entries from `from` on, one for each position, whole or damaged; empty only behind the last. */
  async read(from: number, maxRecords: number, maxBytes: number): Promise<JournalEntry[]> {
    // As it is now: appends go on while this reads.
    const { next, end } = this
    if (from >= next) return []
    const entries: JournalEntry[] = []
    let bytes = 0
    const isEnough = () => entries.length >= maxRecords || bytes >= maxBytes
    for await (const part of this.#scan({ ...this.#placeBefore(from), until: end, next })) {
      if (part.payload === undefined) {
        const damaged = { first: part.first, next: part.next }
        for (let position = Math.max(from, part.first); position < part.next && !isEnough(); position++) {
          entries.push({ position, payload: undefined, damaged })
        }
      } else {
        this.#remember(part.position + 1, part.end)
        if (part.position < from) continue
        entries.push({ position: part.position, payload: part.payload })
        bytes += part.payload.length
        if (isEnough()) this.#places.set(part.position + 1, part.end)
      }
      if (isEnough()) break
    }
    if (this.#places.size > 16) this.#places.delete(this.#places.keys().next().value!)
    return entries
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  #placeBefore(from: number): { position: number; offset: number } {
    const hole = this.#holes.find(({ first, next }) => first <= from && from < next)
    if (hole !== undefined) return { position: hole.first, offset: hole.start }
    let position = from
    let offset = this.#places.get(from) ?? this.#index.get(from)
    while (offset === undefined) {
      position--
      offset = this.#index.get(position)
    }
    return { position, offset }
  }

  /**
   * Whole records and holes, one after another from a place on. With `next` every position before it is covered; without,
   * the scan ends behind the last whole record.
   */
  async *#scan(place: {
    position: number
    offset: number
    until: number
    next?: number
  }): AsyncGenerator<Whole | (Hole & { payload?: undefined })> {
    const { until, next = Number.POSITIVE_INFINITY } = place
    const { overhead } = this.layout
    let { position, offset } = place
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
    while (position < next) {
      const length = (await ensure(overhead)) ? chunk.readUInt32LE(at) : Number.POSITIVE_INFINITY
      const fits = length <= maxPayloadBytes && (await ensure(overhead + length))
      if (fits && isWhole(chunk, at, { layout: this.layout, position })) {
        const payload = chunk.subarray(at + overhead, at + overhead + length)
        const inGroup = placeInGroup(chunk, at, this.layout)
        at += overhead + length
        offset += overhead + length
        yield { position, payload, end: offset, placeInGroup: inGroup }
        position++
        continue
      }
      const hole = await this.#holeAt({ position, offset, until, next })
      if (hole === undefined) return
      yield hole
      position = hole.next
      offset = hole.end
      chunk = Buffer.alloc(0)
      at = 0
    }
  }

  async #holeAt(place: {
    position: number
    offset: number
    until: number
    next: number
  }): Promise<Hole | undefined> {
    const { position, offset, until, next } = place
    const known = this.#holes.find(({ first, start }) => first === position && start === offset)
    if (known !== undefined) return known
    let found = offset < until ? await findNext(this.#file, this.layout, place) : undefined
    if (found === undefined || found.position >= next) {
      if (next === Number.POSITIVE_INFINITY) return undefined
      found = { position: next, offset: Math.max(until, offset) }
    }
    // Another reader may have come here meanwhile.
    const same = this.#holes.find(({ first, start }) => first === position && start === offset)
    if (same !== undefined) return same
    const hole = { first: position, next: found.position, start: offset, end: found.offset }
    this.#holes.push(hole)
    this.#holes.sort((a, b) => a.start - b.start)
    this.#index.set(found.position, found.offset)
    this.onHole(hole)
    return hole
  }
}
