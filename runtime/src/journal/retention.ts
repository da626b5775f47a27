import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { messageOf } from '@farwatch/model'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { type ArchiveBounds, putIntoArchive, tidyArchive, trimArchive } from './archive.ts'
import type { Cursors } from './cursors.ts'
import { type FileLayer, isDiskFull, readWhole, replaceFile } from './file-layer.ts'
import type { Segment } from './segment.ts'

/** How large a journal may become, and what happens then. */
export type JournalBounds =
  | {
      readonly bytes: number
      /** Appends reject with `journal-full`: nothing goes that a reader has not passed. */
      readonly whenFull: 'refuse'
    }
  | {
      readonly bytes: number
      /** Whole oldest segments go, although readers have not passed them; the newest record always stays. */
      readonly whenFull: 'drop-oldest'
      /**
       * Records older than this go too, within a sixteenth of it. By the wall clock: one that jumps ahead makes records
       * look older by the jump, one that jumps back keeps them longer; `bytes` holds in any case.
       */
      readonly ageMs?: number
      /**
       * Awaited before anything is removed: here the owner declares the loss durably; the positions can still be read.
       * Rejecting keeps everything; it is asked again. After a crash it is called again with the same range, so it must be
       * idempotent. It must not append to this journal, whose appends may be waiting for it. Never called before
       * `openJournal` has resolved.
       */
      readonly beforeDrop: (loss: Loss) => Promise<void>
    }

/** Records that a journal is about to give up: positions `from` to `to`, both included. */
export interface Loss {
  readonly from: number
  readonly to: number
  readonly reason: 'bytes' | 'age' | 'disk-full'
}

export interface RetentionOptions {
  readonly folder: string
  readonly files: FileLayer
  readonly clock: Clock
  readonly log: Logger
  readonly bounds: JournalBounds
  readonly archive: string | undefined
  readonly archiveBounds: ArchiveBounds | undefined
}

const Pending = z.strictObject({
  from: z.number().int().positive(),
  to: z.number().int().positive(),
  reason: z.enum(['bytes', 'age', 'disk-full']),
})
const pendingName = 'drop.json'
const reserveName = 'reserve'
/** Room for saved cursors and a declaration on a disk that is full. */
export const reserveBytes = 256 * 1024

/**
 * Removes the oldest segments of a journal: those that every cursor has passed, into the archive if there is one, and, where
 * the bounds say so, those that must make room. One thing at a time; appends and reads go on beside.
 */
export class Retention {
  readonly #options: RetentionOptions
  readonly #segments: Segment[]
  readonly #cursors: Cursors
  #turn: Promise<unknown> = Promise.resolve()
  #problem: string | undefined
  #closed = false
  readonly dropped = { records: 0, bytes: 0 }
  /** What the archive's bounds have removed from it. */
  readonly unarchived = { records: 0, bytes: 0 }

  /** `segments` is the journal's own list, oldest first; what is removed is taken out of it. */
  constructor(options: RetentionOptions, rest: { segments: Segment[]; cursors: Cursors }) {
    this.#options = options
    this.#segments = rest.segments
    this.#cursors = rest.cursors
  }

  get problem(): string | undefined {
    return this.#problem
  }

  /** What must be done before the first append; calls nobody. */
  async open(): Promise<void> {
    const { archive, files } = this.#options
    if (archive !== undefined) await tidyArchive(files, archive)
    await this.#guarded(() => this.#trim())
    await this.#fillReserve()
  }

  /** Removes whatever may go now. Failures become `problem` and are said once; the next call tries again. */
  tidy(): Promise<void> {
    return this.#inTurn(() =>
      this.#guarded(async () => {
        await this.#finishDrop()
        await this.#trim()
        await this.#dropAged()
        await this.#trimArchive()
        await this.#fillReserve()
      }),
    )
  }

  /** True when something went that may make room: so that `bytes` more fit, or, on a full disk, the oldest segment. */
  makeRoom(bytes: number, reason: 'bytes' | 'disk-full'): Promise<boolean> {
    return this.#inTurn(async () => {
      let isDone = false
      await this.#guarded(async () => {
        if (reason === 'disk-full') await this.#freeReserve()
        const before = this.#segments[0]?.first
        await this.#finishDrop()
        await this.#cursors.save()
        await this.#trim()
        const enough = () => (reason === 'bytes' ? this.#fits(bytes) : this.#segments[0]?.first !== before)
        if (!enough()) await this.#drop(reason === 'bytes' ? this.#countFor(bytes) : 1, reason)
        isDone = enough()
        // Before the journal grows into the room that has come free.
        if (reason === 'disk-full') await this.#fillReserve()
      })
      return isDone
    })
  }

  /** Called when saved cursors did not fit on the disk: afterwards there is room for them. */
  freeReserve(): Promise<void> {
    return this.#inTurn(() => this.#freeReserve())
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      if (this.#problem !== undefined) this.#options.log.info('the journal lets go of what may go again')
      this.#problem = undefined
    } catch (error) {
      const problem = messageOf(error)
      if (this.#problem === undefined) {
        const { folder, log } = this.#options
        log.warn({ journal: folder, problem }, 'the journal keeps what should go; it tries again')
      }
      this.#problem = problem
    }
  }

  #fits(bytes: number): boolean {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, bytes) <= this.#options.bounds.bytes
  }

  /** How many of the oldest segments may go: never the newest record, from which a chain goes on. */
  get #droppable(): number {
    const last = this.#segments.at(-1)
    const isEmpty = last !== undefined && last.next === last.first
    return Math.max(0, this.#segments.length - (isEmpty ? 2 : 1))
  }

  /** How many must go so that `bytes` fit; none if even all would not do. */
  #countFor(bytes: number): number {
    let over =
      this.#segments.reduce((sum, segment) => sum + segment.bytes, bytes) - this.#options.bounds.bytes
    let count = 0
    for (; over > 0 && count < this.#droppable; count++) over -= this.#segments[count]!.bytes
    return over > 0 ? 0 : count
  }

  /** Segments that every cursor has passed. */
  async #trim(): Promise<void> {
    const { archive, files, log } = this.#options
    for (;;) {
      const { least } = this.#cursors
      const [oldest] = this.#segments
      if (least === undefined || oldest === undefined || oldest.next > least || this.#droppable === 0) return
      if (archive !== undefined) await putIntoArchive({ files, folder: archive, log }, oldest)
      await this.#removeOldest()
      if (this.#closed) return
    }
  }

  async #removeOldest(): Promise<void> {
    const { files, folder } = this.#options
    const segment = this.#segments.shift()!
    await segment.close()
    await files.remove(segment.path)
    // One after another, or a power cut could bring back an older one without those behind it.
    await files.syncFolder(folder)
  }

  async #dropAged(): Promise<void> {
    const { bounds, clock } = this.#options
    if (bounds.whenFull !== 'drop-oldest' || bounds.ageMs === undefined) return
    // A segment's last record is older than the next segment's creation. Of two stamps that contradict each other, one is
    // of a wrong clock: the later one counts, which keeps.
    let latestMs: number | undefined
    let count = 0
    for (const [i, { layout }] of this.#segments.entries()) {
      if (layout.createdMs !== undefined) latestMs = Math.max(latestMs ?? layout.createdMs, layout.createdMs)
      if (i === 0) continue
      if (latestMs === undefined) continue
      if (clock.now() - latestMs <= bounds.ageMs) break
      count = i
    }
    await this.#drop(count, 'age')
  }

  /** Gives the oldest segments up: intention on disk, declaration by the owner, cursors moved, files removed. */
  async #drop(wanted: number, reason: Loss['reason']): Promise<void> {
    const { bounds, files, folder, archive } = this.#options
    const count = Math.min(wanted, this.#droppable)
    if (bounds.whenFull !== 'drop-oldest' || count === 0 || this.#closed) return
    await this.#cursors.save()
    const { first } = this.#segments[0]!
    const to = this.#segments[count - 1]!.next - 1
    // What every reader has passed is no loss, unless it was to be archived.
    const from = archive === undefined ? Math.max(first, this.#cursors.leastNow ?? first) : first
    if (from <= to) {
      const loss = { from, to, reason }
      await replaceFile(files, join(folder, pendingName), Buffer.from(JSON.stringify(loss)))
      await this.#carryOut(loss)
      return
    }
    while (this.#segments.length > 0 && this.#segments[0]!.next <= to + 1) await this.#removeOldest()
  }

  /** A drop that a crash has interrupted: its range may have been declared, so exactly that goes. */
  async #finishDrop(): Promise<void> {
    const { files, folder, log } = this.#options
    if (!(await files.list(folder)).includes(pendingName)) return
    const path = join(folder, pendingName)
    const text = Buffer.from(await readWhole(files, path)).toString()
    let loss: Loss
    try {
      loss = Pending.parse(JSON.parse(text))
    } catch {
      log.error({ path }, 'an interrupted drop cannot be read; nothing is dropped')
      await files.remove(path)
      return
    }
    await this.#carryOut(loss)
  }

  async #carryOut(loss: Loss): Promise<void> {
    const { bounds, files, folder, log } = this.#options
    const goes = () => {
      const [oldest] = this.#segments
      return oldest !== undefined && oldest.next <= loss.to + 1 && this.#droppable > 0
    }
    if (goes()) {
      if (bounds.whenFull !== 'drop-oldest') {
        // The policy was changed meanwhile: what is still there stays.
        log.warn({ ...loss }, 'an interrupted drop is given up: the records are kept')
      } else {
        await bounds.beforeDrop(loss)
        await this.#cursors.leaveBehind(loss.to + 1)
        let bytes = 0
        while (goes()) {
          bytes += this.#segments[0]!.bytes
          await this.#removeOldest()
        }
        this.dropped.records += loss.to - loss.from + 1
        this.dropped.bytes += bytes
        log.error({ journal: folder, ...loss, bytes }, 'the journal has given up its oldest records')
      }
    }
    await files.remove(join(folder, pendingName))
    await files.syncFolder(folder)
  }

  async #trimArchive(): Promise<void> {
    const { archive, archiveBounds, files, clock, log } = this.#options
    if (archive === undefined || archiveBounds === undefined) return
    const removed = await trimArchive(files, archive, { bounds: archiveBounds, nowMs: clock.now() })
    if (removed.bytes === 0) return
    this.unarchived.records += removed.records
    this.unarchived.bytes += removed.bytes
    log.warn({ archive, ...removed }, 'the archive has reached its bound: its oldest originals are gone')
  }

  async #freeReserve(): Promise<void> {
    const { files, folder } = this.#options
    await files.remove(join(folder, reserveName))
    await files.syncFolder(folder)
  }

  async #fillReserve(): Promise<void> {
    const { files, folder } = this.#options
    if ((await files.list(folder)).includes(reserveName)) return
    try {
      await replaceFile(files, join(folder, reserveName), randomBytes(reserveBytes))
    } catch (error) {
      if (!isDiskFull(error)) throw error
    }
  }
}
