import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FarwatchError, messageOf } from '@farwatch/model'
import { type Clock, systemClock } from '../clock.ts'
import { writeAtomically } from '../files.ts'
import type { Logger } from '../log.ts'
import { Cursors } from './cursors.ts'
import { diskFiles, type FileLayer } from './file-layer.ts'
import type { Cursor, Journal, JournalRecord, ReadLimits } from './journal.ts'
import { firstOfName, frame, maxPayloadBytes, recordOverhead, Segment, segmentName } from './segment.ts'
import { Tail } from './tail.ts'

export interface FileJournalOptions {
  readonly folder: string
  readonly log: Logger
  readonly clock?: Clock
  /** Appends are refused with `journal-full` beyond this. Default 4 GiB. */
  readonly maxBytes?: number
  /** A new file begins after this many bytes. Default 64 MiB. */
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
const defaultRead = { records: 1_000, bytes: 4 * 1024 * 1024 }

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
  readonly #maxBytes: number
  readonly #segmentBytes: number
  readonly #segments: Segment[] = []
  #cursors!: Cursors
  readonly #tail: Tail
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #flushing: Promise<void> | undefined
  /** The last write failed and could not be taken back: the next one starts a new segment. */
  #tailUnknown = false
  #closed = false
  #wake: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(options: FileJournalOptions) {
    this.#folder = options.folder
    this.#log = options.log
    this.#clock = options.clock ?? systemClock
    this.#files = options.files ?? diskFiles
    this.#maxBytes = options.maxBytes ?? 4 * 1024 ** 3
    this.#segmentBytes = options.segmentBytes ?? 64 * 1024 ** 2
    this.#tail = new Tail(options.tailBytes ?? 8 * 1024 ** 2)
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const firsts = (await this.#files.list(this.#folder))
      .map(firstOfName)
      .filter((first) => first !== undefined)
      .sort((a, b) => a - b)
    const path = (first: number) => join(this.#folder, segmentName(first))
    for (const [i, first] of firsts.slice(0, -1).entries()) {
      this.#segments.push(await Segment.openFull(this.#files, path(first), { first, next: firsts[i + 1]! }))
    }
    const lastFirst = firsts.at(-1)
    if (lastFirst !== undefined) await this.#openLast(path(lastFirst), lastFirst)
    this.#cursors = await Cursors.open(this.#folder, this.#clock, (error) => {
      if (error === undefined)
        this.#trim().catch((e) => this.#log.warn({ problem: messageOf(e) }, 'journal not trimmed'))
      else
        this.#log.warn({ problem: messageOf(error) }, 'journal cursors not saved; records may be read again')
    })
    // A life that ended between saving its cursors and trimming left this to do: a full journal would stay full.
    await this.#trim()
  }

  async #openLast(path: string, first: number): Promise<void> {
    const opened = await Segment.openLast(this.#files, path, first)
    if (opened === undefined) return
    this.#segments.push(opened.segment)
    if (opened.torn.length === 0) return
    await writeAtomically(`${path}.${opened.segment.next}.torn`, opened.torn)
    await opened.segment.takeBack()
    this.#log.warn(
      { journal: this.#folder, bytes: opened.torn.length },
      'journal repaired: a torn write was cut off',
    )
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

  append(payload: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(new FarwatchError('journal-closed', 'the journal is closed'))
    if (payload.length > maxPayloadBytes) {
      return Promise.reject(
        new FarwatchError('journal-refused', `${payload.length} bytes, at most ${maxPayloadBytes}`),
      )
    }
    const bytes = payload.length + recordOverhead
    if (this.bytes + this.#waitingBytes + bytes > this.#maxBytes) {
      const message = `the journal in ${this.#folder} has reached its bound of ${this.#maxBytes} bytes`
      return Promise.reject(new FarwatchError('journal-full', message, { retryable: true }))
    }
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
      const bytes = group.reduce((sum, { payload }) => sum + payload.length + recordOverhead, 0)
      try {
        const segment = await this.#writable()
        const firstPosition = segment.next
        try {
          await segment.write(group.flatMap(({ payload }, i) => frame(firstPosition + i, payload)))
        } catch (error) {
          await segment.takeBack().catch(() => {
            this.#tailUnknown = true
          })
          throw error
        }
        segment.adopt(group.length, bytes)
        group.forEach(({ payload, resolve }, i) => {
          this.#tail.add({ position: firstPosition + i, payload })
          resolve(firstPosition + i)
        })
        this.#notify()
      } catch (cause) {
        const message = `the journal in ${this.#folder} cannot be written: ${messageOf(cause)}`
        const error = new FarwatchError('journal-failed', message, { retryable: true, cause })
        for (const { reject } of group) reject(error)
      } finally {
        this.#waitingBytes -= bytes
      }
    }
    // In the same turn as the check above, or an append in between would wait for ever.
    this.#flushing = undefined
  }

  #takeGroup(): Waiting[] {
    let bytes = 0
    let count = 0
    while (count < this.#waiting.length && (count === 0 || bytes < maxGroupBytes)) {
      bytes += this.#waiting[count]!.payload.length
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #writable(): Promise<Segment> {
    const last = this.#segments.at(-1)
    if (last !== undefined && !this.#tailUnknown && last.bytes < this.#segmentBytes) return last
    // An empty segment whose tail is unknown has the name its successor needs: it is made anew.
    if (last !== undefined && last.next === last.first) {
      this.#segments.pop()
      await last.close()
    }
    const segment = await Segment.create(this.#files, this.#folder, last?.next ?? 1)
    this.#segments.push(segment)
    this.#tailUnknown = false
    return segment
  }

  async read(from: number, limits: ReadLimits = {}): Promise<JournalRecord[]> {
    const start = Math.max(from, this.first)
    const { records = defaultRead.records, bytes = defaultRead.bytes } = limits
    const fromTail = this.#tail.read(start, { records, bytes })
    if (fromTail !== undefined) return fromTail
    const segment = this.#segments.findLast(({ first }) => first <= start)
    if (segment === undefined || start >= this.next) return []
    return segment.read(start, records, bytes)
  }

  async *follow(from: number, signal: AbortSignal, limits?: ReadLimits): AsyncGenerator<JournalRecord[]> {
    let position = from
    let release: () => void = () => undefined
    const onAbort = () => release()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!signal.aborted && !this.#closed) {
        const woken = this.#wake.promise
        const records = await this.read(position, limits)
        if (records.length > 0) {
          yield records
          position = records.at(-1)!.position + 1
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
    await this.#trim()
  }

  #notify(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  /** Deletes segments that every cursor has left behind, but never the newest record: a chain goes on from it. */
  async #trim(): Promise<void> {
    const least = this.#cursors.least
    const passed = (one: Segment | undefined, follower: Segment | undefined) =>
      least !== undefined &&
      one !== undefined &&
      one.next <= least &&
      follower !== undefined &&
      follower.next > follower.first
    while (passed(this.#segments[0], this.#segments[1])) {
      const segment = this.#segments.shift()!
      await segment.close()
      await this.#files.remove(segment.path)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#flushing
    this.#notify()
    await this.#cursors.close()
    for (const segment of this.#segments) await segment.close()
  }
}
