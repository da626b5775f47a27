import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import { silentLog } from '../log.ts'
import { openArchive, readKept } from './archive.ts'
import { openJournal } from './file-journal.ts'
import { ForgetfulDisk } from './forgetful-disk.ts'
import type { Cursor, Journal } from './journal.ts'
import type { Loss } from './retention.ts'
import { headerBytes } from './segment-format.ts'

/** Saved cursors and tidying come at once, so that a run of many lives takes no time. */
const hastyClock = {
  ...systemClock,
  after(_ms: number, work: () => void) {
    const timer = setImmediate(work)
    return () => clearImmediate(timer)
  },
}

const bytes = (content: string) => new TextEncoder().encode(content)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), tenths: fc.integer({ min: 0, max: 10 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'reopen' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      what: fc.constantFrom('write' as const, 'sync' as const, 'declare' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('fill' as const), room: fc.integer({ min: 0, max: 900 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rot' as const), at: fc.nat(), in: fc.nat() }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const home = '/journal'
const archiveFolder = '/archive'

/** One disk, and what was promised of it. */
class Model {
  readonly disk: ForgetfulDisk
  readonly kind: 'archive' | 'drop'
  /** Contents by position that were acknowledged. */
  readonly acknowledged = new Map<number, string>()
  /** Positions whose loss was declared; a declaration counts only once it has resolved. */
  readonly declared = new Set<number>()
  /** Everything before has been passed by the reader, saved or not. */
  passed = 1
  readonly rotten = new Set<string>()
  #declareFails = false
  #made = 0
  journal!: Journal
  cursor!: Cursor

  constructor(kind: 'archive' | 'drop', luck: () => number) {
    this.kind = kind
    this.disk = new ForgetfulDisk(luck)
  }

  async open(): Promise<void> {
    const files = this.disk.life()
    const base = { folder: home, log: silentLog, clock: hastyClock, files, segmentBytes: 150 }
    const beforeDrop = async ({ from, to }: Loss) => {
      if (this.#declareFails) {
        this.#declareFails = false
        throw new Error('the declaration failed')
      }
      for (const { position, payload } of await this.journal.read(from, { records: to - from + 1 })) {
        const promised = this.acknowledged.get(position)
        if (promised !== undefined && payload !== undefined)
          expect(Buffer.from(payload).toString()).toBe(promised)
      }
      for (let position = from; position <= to; position++) this.declared.add(position)
    }
    this.journal = await openJournal(
      this.kind === 'archive'
        ? { ...base, archive: archiveFolder, bounds: { bytes: 3_000, whenFull: 'refuse' } }
        : { ...base, bounds: { bytes: 1_500, whenFull: 'drop-oldest', beforeDrop } },
    )
    this.cursor = await this.journal.cursor('reader')
  }

  async do(step: Step): Promise<void> {
    const { disk, journal } = this
    switch (step.do) {
      case 'append': {
        const contents = Array.from({ length: step.count }, () => `content ${this.#made++}`)
        const results = await Promise.allSettled(contents.map((content) => journal.append(bytes(content))))
        results.forEach((result, i) => {
          if (result.status === 'fulfilled') this.acknowledged.set(result.value, contents[i]!)
        })
        break
      }
      case 'advance': {
        const { position } = this.cursor
        this.cursor.advance(position + Math.floor(((journal.next - position) * step.tenths) / 10))
        this.passed = Math.max(this.passed, this.cursor.position)
        // Saved, and tidied up after.
        for (let i = 0; i < 3; i++) await new Promise(setImmediate)
        await journal.forgetCursors(() => false)
        break
      }
      case 'fail':
        if (step.what === 'declare') this.#declareFails = true
        else disk.failNext = step.what
        break
      case 'fill':
        disk.capacity = disk.usedBytes + step.room
        break
      case 'rot':
        await this.#rot(step)
        break
      default:
        await this.#end(step.do === 'cut')
        await this.open()
    }
  }

  /** One bit within a segment that another one follows: no damage there can be a torn write. */
  async #rot({ at, in: which }: { at: number; in: number }): Promise<void> {
    const names = this.disk.names(home).filter((name) => name.endsWith('.log'))
    const full: string[] = []
    for (const [i, name] of names.sort().slice(0, -1).entries()) {
      const follower = await this.disk.stat(join(home, names[i + 1]!))
      if (follower.bytes > headerBytes) full.push(name)
    }
    const name = full[which % full.length]
    if (name === undefined || this.rotten.size > 0) return
    this.rotten.add(name)
    this.disk.rot(name, headerBytes + (at % 90))
  }

  async #end(isCut: boolean): Promise<void> {
    const { disk, journal } = this
    disk.failNext = undefined
    disk.capacity = Number.POSITIVE_INFINITY
    this.#declareFails = false
    if (isCut) {
      // A cut while an append is under way: its outcome is unknown, everything before it is not.
      const underWay = journal.append(bytes('under way')).catch(() => undefined)
      disk.powerCut()
      await underWay
      await journal.close().catch(() => undefined)
    } else {
      await journal.close()
      disk.powerCut()
    }
  }

  /** What was promised is there: in the journal, in the archive, or declared as lost before it went. */
  async check(): Promise<{ damaged: number }> {
    await this.#end(false)
    await this.open()
    const { journal, disk } = this
    const archive = openArchive(archiveFolder, disk)
    const kept = new Map<number, string>()
    let damaged = 0
    for await (const { position, payload } of readKept({ journal, archive }, 1, journal.next - 1)) {
      if (payload === undefined) damaged++
      expect(kept.has(position), `position ${position} twice`).toBe(false)
      kept.set(position, payload === undefined ? 'damaged' : Buffer.from(payload).toString())
    }
    for (const [position, content] of this.acknowledged) {
      const found = kept.get(position)
      if (found === 'damaged') continue
      if (found === undefined) {
        const isExcused = this.kind === 'drop' && (this.declared.has(position) || position < this.passed)
        expect(isExcused, `position ${position} is gone without a word`).toBe(true)
      } else expect(found).toBe(content)
    }
    if (this.rotten.size === 0) expect(damaged).toBe(0)
    // One flipped bit damages one record, wherever the length field points.
    else expect(damaged).toBeLessThanOrEqual(1)
    // The newest record is never dropped.
    const newest = Math.max(0, ...this.acknowledged.keys())
    if (newest > 0) expect(journal.first).toBeLessThanOrEqual(newest)
    await journal.close()
    return { damaged }
  }
}

test.each(['archive', 'drop'] as const)(
  'J1 nothing acknowledged is lost, altered or dropped without its declaration: power cuts, full disks, rot (model, %s)',
  async (kind) => {
    const seed = Number(process.env.FARWATCH_SEED ?? Date.now() % 1_000_000_007)
    console.log(`journal model seed ${seed} (set FARWATCH_SEED to run it again)`)
    let [archived, dropped, damaged] = [0, 0, 0]
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (steps, luck) => {
          const model = new Model(kind, () => luck.next().value)
          await model.open()
          for (const one of steps) await model.do(one)
          damaged += (await model.check()).damaged
          archived += model.disk.names(archiveFolder).length
          dropped += model.declared.size
        },
      ),
      { seed, numRuns: 150 },
    )
    // The runs did meet what they are about.
    expect(kind === 'archive' ? archived : dropped).toBeGreaterThan(0)
    expect(damaged).toBeGreaterThan(0)
  },
  60_000,
)
