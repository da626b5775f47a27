import { FarwatchError, messageOf } from '@farwatch/model'
import { type Clock, systemClock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { ArchiveBounds } from './archive.ts'
import { Cursors } from './cursors.ts'
import { diskFiles, type FileLayer, isDiskFull, replaceFile } from './file-layer.ts'
import type { Cursor, Journal, JournalEntry, ReadLimits } from './journal.ts'
import { openSegments } from './open-segments.ts'
import { type JournalBounds, Retention } from './retention.ts'
import { type Hole, Segment } from './segment.ts'
import { maxPayloadBytes, recordOverhead } from './segment-format.ts'
import { Tail } from './tail.ts'

export interface FileJournalOptions {
  readonly folder: string
  readonly log: Logger
  readonly clock?: Clock
  /** Default 4 GiB, then appends are refused. */
  readonly bounds?: JournalBounds
  /** Folder where segments go, compressed, when every cursor has passed them. Without one they are deleted. */
  readonly archive?: string
  /** Default: the archive grows for ever. */
  readonly archiveBounds?: ArchiveBounds
  /** A new file begins after this many bytes. Default and, where the oldest are dropped, most: a 16th of the bound, at most 64 MiB. */
  readonly segmentBytes?: number
  /** Newest records kept in memory for followers. Default 8 MiB; 0: none. */
  readonly tailBytes?: number
  readonly files?: FileLayer
}

interface Waiting {
  readonly payload: Uint8Array
  readonly resolve: (position: number) => void
  readonly reject: (error: unknown) => void
}

const maxGroupBytes = 8 * 1024 * 1024
const maxSegmentBytes = 64 * 1024 * 1024
/** A journal is so many segments when it is full, so that dropping one is not dropping half of everything. */
const segmentsOfBound = 16
const tidyEveryMs = 30_000
const defaultRead = { records: 1_000, bytes: 4 * 1024 * 1024 }
/** Damaged stretches whose bytes are kept aside. */
const maxKeptAside = 64

/** Opens (or begins) the journal in a folder; one process at a time may have it open. */
export async function openJournal(options: FileJournalOptions): Promise<Journal> {
  const journal = new FileJournal(options)
  await journal.open()
  return journal
}

class FileJournal implements Journal {
  readonly #folder: string
  readonly #log: Logger
  readonly #clock: Clock
  readonly #files: FileLayer
  readonly #bounds: JournalBounds
  readonly #archive: { folder: string | undefined; bounds: ArchiveBounds | undefined }
  readonly #segmentBytes: number
  readonly #segments: Segment[] = []
  #cursors!: Cursors
  readonly #tail: Tail
  #retention!: Retention
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** Payloads that wait until older records have made room. */
  #heldBytes = 0
  #flushing: Promise<void> | undefined
  /** The last segment takes no more: a write failed and could not be taken back, or it is of an older version. */
  #mustRotate = false
  #closed = false
  #wake: PromiseWithResolvers<void> = Promise.withResolvers()
  #problem: string | undefined
  #cursorsUnsaved = false
  #damaged = 0
  #stopTidying: () => void = () => undefined

  constructor(options: FileJournalOptions) {
    this.#folder = options.folder
    this.#log = options.log
    this.#clock = options.clock ?? systemClock
    this.#files = options.files ?? diskFiles
    this.#tail = new Tail(options.tailBytes ?? 8 * 1024 ** 2)
    this.#bounds = options.bounds ?? { bytes: 4 * 1024 ** 3, whenFull: 'refuse' }
    this.#archive = { folder: options.archive, bounds: options.archiveBounds }
    const share = Math.min(maxSegmentBytes, Math.ceil(this.#bounds.bytes / segmentsOfBound))
    const wanted = options.segmentBytes ?? share
    this.#segmentBytes = this.#bounds.whenFull === 'refuse' ? wanted : Math.min(wanted, share)
  }

  async open(): Promise<void> {
    this.#segments.push(...(await openSegments({ files: this.#files, folder: this.#folder, log: this.#log })))
    this.#mustRotate = this.#segments.at(-1)?.layout.version === 1
    for (const segment of this.#segments) await this.#watch(segment)
    this.#cursors = await Cursors.open(this.#folder, {
      files: this.#files,
      clock: this.#clock,
      onSaved: (error) => void this.#cursorsSaved(error),
    })
    this.#retention = new Retention(
      {
        ...{ folder: this.#folder, files: this.#files, clock: this.#clock, log: this.#log },
        ...{ bounds: this.#bounds, archive: this.#archive.folder, archiveBounds: this.#archive.bounds },
      },
      { segments: this.#segments, cursors: this.#cursors },
    )
    // A life that ended between saving its cursors and trimming left this to do: a full journal would stay full.
    await this.#retention.open()
    const everyMs = Math.min(tidyEveryMs, this.#ageStepMs)
    this.#stopTidying = this.#clock.every(everyMs, () => void this.#retention.tidy())
    // An interrupted drop is finished as soon as the owner has the journal.
    setImmediate(() => void this.#retention.tidy())
  }

  async #watch(segment: Segment): Promise<void> {
    segment.onHole = (hole) => void this.#damage(segment, hole)
    for (const hole of segment.holes) await this.#damage(segment, hole)
  }

  /** Counts, tells and keeps aside what has rotted, once. */
  async #damage(segment: Segment, hole: Hole): Promise<void> {
    const { first, next, start, end } = hole
    this.#damaged += next - first
    const aside = `${segment.path}.${first}-${next}.damaged`
    const about = { journal: this.#folder, from: first, to: next - 1, bytes: end - start, aside }
    this.#log.error(about, 'records of the journal are damaged on disk; readers go on behind them')
    try {
      const kept = (await this.#files.list(this.#folder)).filter((name) => name.endsWith('.damaged'))
      if (kept.length < maxKeptAside) await replaceFile(this.#files, aside, await segment.bytesOf(hole))
    } catch (error) {
      this.#log.warn({ aside, problem: messageOf(error) }, 'the damaged bytes could not be kept aside')
    }
  }

  get first(): number {
    return this.#segments[0]?.first ?? this.next
  }

  get next(): number {
    return this.#segments.at(-1)?.next ?? 1
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  get problem(): string | undefined {
    return this.#problem ?? this.#retention.problem
  }

  get dropped(): { readonly records: number; readonly bytes: number } {
    return this.#retention.dropped
  }

  get damaged(): number {
    return this.#damaged
  }

  append(payload: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(new FarwatchError('journal-closed', 'the journal is closed'))
    if (payload.length > maxPayloadBytes) {
      return Promise.reject(
        new FarwatchError('journal-refused', `${payload.length} bytes, at most ${maxPayloadBytes}`),
      )
    }
    const bytes = payload.length + recordOverhead
    if (this.#fits(bytes)) return this.#enqueue(payload, bytes)
    return this.#bounds.whenFull === 'refuse' ? this.#refuse() : this.#appendAfterDrop(payload, bytes)
  }

  #fits(bytes: number): boolean {
    return this.bytes + this.#waitingBytes + bytes <= this.#bounds.bytes
  }

  #refuse(): Promise<never> {
    const why = this.#retention.problem === undefined ? '' : ` (${this.#retention.problem})`
    const message = `the journal in ${this.#folder} has reached its bound of ${this.#bounds.bytes} bytes${why}`
    this.#problem = message
    return Promise.reject(new FarwatchError('journal-full', message, { retryable: true }))
  }

  async #appendAfterDrop(payload: Uint8Array, bytes: number): Promise<number> {
    if (this.#heldBytes > 0 && this.#heldBytes + bytes > maxGroupBytes) return this.#refuse()
    this.#heldBytes += bytes
    try {
      // What others append meanwhile may take the room again.
      while (!this.#closed && !this.#fits(bytes)) {
        if (!(await this.#retention.makeRoom(this.#waitingBytes + bytes, 'bytes')))
          return await this.#refuse()
      }
    } finally {
      this.#heldBytes -= bytes
    }
    return this.append(payload)
  }

  #enqueue(payload: Uint8Array, bytes: number): Promise<number> {
    this.#waitingBytes += bytes
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.#waiting.push({ payload, resolve, reject })
    this.#flushing ??= this.#flush()
    return promise
  }

  /** Writes what waits in groups, one fsync each, until nothing waits. */
  async #flush(): Promise<void> {
    // One turn of the event loop lets appends of the same moment share the first fsync.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#write(group)
      } catch (cause) {
        if (isDiskFull(cause) && !this.#closed && (await this.#retention.makeRoom(0, 'disk-full'))) {
          this.#waiting.unshift(...group)
          continue
        }
        const message = `the journal in ${this.#folder} cannot be written: ${messageOf(cause)}`
        this.#problem = message
        const error = new FarwatchError('journal-failed', message, { retryable: true, cause })
        this.#waitingBytes -= bytesOf(group)
        for (const { reject } of group) reject(error)
      }
    }
    // In the same turn as the check above, or an append in between would wait for ever.
    this.#flushing = undefined
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const segment = await this.#writable()
    const { next } = segment
    try {
      await segment.write(group.map(({ payload }) => payload))
    } catch (error) {
      await segment.takeBack().catch(() => {
        this.#mustRotate = true
      })
      throw error
    }
    const bytes = bytesOf(group)
    segment.adopt(group.length, bytes)
    this.#waitingBytes -= bytes
    this.#problem = undefined
    group.forEach(({ payload, resolve }, i) => {
      this.#tail.add({ position: next + i, payload })
      resolve(next + i)
    })
    this.#notify()
  }

  #takeGroup(): Waiting[] {
    const most = Math.min(maxGroupBytes, this.#segmentBytes)
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && (count === 0 || bytes < most)) {
      bytes += this.#waiting[count]!.payload.length
      count++
    }
    return this.#waiting.splice(0, count)
  }

  get #ageStepMs(): number {
    const ageMs = this.#bounds.whenFull === 'drop-oldest' ? this.#bounds.ageMs : undefined
    return ageMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(ageMs / segmentsOfBound)
  }

  #isSpent(last: Segment): boolean {
    const ageMs = this.#clock.now() - (last.layout.createdMs ?? this.#clock.now())
    return last.bytes >= this.#segmentBytes || (ageMs > this.#ageStepMs && last.next > last.first)
  }

  async #writable(): Promise<Segment> {
    const last = this.#segments.at(-1)
    if (last !== undefined && !this.#mustRotate && !this.#isSpent(last)) return last
    // An empty segment whose tail is unknown has the name its successor needs: it is made anew.
    if (last !== undefined && last.next === last.first) {
      this.#segments.pop()
      await last.close()
    }
    const about = { first: last?.next ?? 1, createdMs: this.#clock.now() }
    const segment = await Segment.create(this.#files, this.#folder, about)
    segment.onHole = (hole) => void this.#damage(segment, hole)
    this.#segments.push(segment)
    this.#mustRotate = false
    return segment
  }

  async read(from: number, limits: ReadLimits = {}): Promise<JournalEntry[]> {
    const { records = defaultRead.records, bytes = defaultRead.bytes } = limits
    for (;;) {
      const start = Math.max(from, this.first)
      const fromTail = this.#tail.read(start, { records, bytes })
      if (fromTail !== undefined) return fromTail
      const segment = this.#segments.findLast(({ first }) => first <= start)
      if (segment === undefined || start >= this.next) return []
      try {
        return await segment.read(start, records, bytes)
      } catch (error) {
        // A segment that goes while it is read is closed under its reader, who goes on at what is the first now.
        if (this.#segments.includes(segment)) throw error
      }
    }
  }

  async *follow(from: number, signal: AbortSignal, limits?: ReadLimits): AsyncGenerator<JournalEntry[]> {
    let position = from
    let release: () => void = () => undefined
    const onAbort = () => release()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!signal.aborted && !this.#closed) {
        const woken = this.#wake.promise
        const entries = await this.read(position, limits)
        if (entries.length > 0) {
          yield entries
          position = entries.at(-1)!.position + 1
        } else if (!signal.aborted) {
          await new Promise<void>((resolve) => {
            release = resolve
            woken.then(resolve)
          })
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  cursor(name: string): Promise<Cursor> {
    return this.#cursors.cursor(name, this.first, () => this.next)
  }

  async forgetCursors(isGone: (name: string) => boolean): Promise<void> {
    await this.#cursors.forget(isGone)
    await this.#retention.tidy()
  }

  #notify(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  async #cursorsSaved(error: unknown): Promise<void> {
    if (error === undefined) {
      this.#cursorsUnsaved = false
      return this.#retention.tidy()
    }
    if (!this.#cursorsUnsaved) {
      const problem = messageOf(error)
      this.#log.warn({ problem }, 'journal cursors not saved; records may be read again')
    }
    this.#cursorsUnsaved = true
    // On a full disk trimming is what makes room, and it waits for the cursors.
    if (isDiskFull(error)) await this.#retention.freeReserve().catch(() => undefined)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#stopTidying()
    await this.#flushing
    this.#notify()
    await this.#retention.close()
    await this.#cursors.close()
    for (const segment of this.#segments) await segment.close()
  }
}

function bytesOf(group: readonly Waiting[]): number {
  return group.reduce((sum, { payload }) => sum + payload.length + recordOverhead, 0)
}
