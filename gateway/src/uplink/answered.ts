import { join } from 'node:path'
import { FarwatchError, messageOf } from '@farwatch/model'
import { type Clock, type Journal, type Logger, readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'
import { countOf, type Range, Ranges } from './ranges.ts'

const Stored = z.strictObject({
  v: z.literal(1),
  ranges: z.array(z.tuple([z.number().int().positive(), z.number().int().positive()])).max(10_000),
})
const saveEveryMs = 1_000
/** What lies beyond is sent again after a restart, and answered as duplicate. */
const maxKept = 256

export interface AnsweredOptions {
  readonly journal: Journal
  /** Where `answered.json` lies: the journal's folder, since it speaks of that journal's positions. */
  readonly folder: string
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Which batches of the journal need not be sent (any more): the centre has answered for them, they were sealed again
 * elsewhere, or their loss is declared. The journal's cursor `uplink` follows over the contiguous part; what live had
 * answered ahead of backfill is kept in a file of its own, durable soon, not at once.
 */
export async function openAnswered(options: AnsweredOptions): Promise<Answered> {
  const { journal, folder } = options
  const cursor = await journal.cursor('uplink')
  const path = join(folder, 'answered.json')
  const text = await readIfPresent(path)
  let stored: z.infer<typeof Stored>['ranges'] = []
  try {
    if (text !== undefined) stored = Stored.parse(JSON.parse(text)).ranges
  } catch (cause) {
    const message = `${path} cannot be understood; remove it: what it spoke of is sent again`
    throw new FarwatchError('bad-answered', message, { cause })
  }
  const ranges = new Ranges([{ from: 1, until: cursor.position }])
  // A journal that lost its end fills those positions again: they are to be sent.
  for (const [from, until] of stored) ranges.add({ from, until: Math.min(until, journal.next) })
  const answered = new Answered({ ...options, cursor, path, ranges })
  if (stored.some(([, until]) => until > journal.next)) await answered.save()
  return answered
}

export class Answered {
  readonly #journal: Journal
  readonly #cursor: Awaited<ReturnType<Journal['cursor']>>
  readonly #ranges: Ranges
  readonly #path: string
  readonly #clock: Clock
  readonly #log: Logger
  #cancel: (() => void) | undefined
  #saving: Promise<void> = Promise.resolve()
  #saved = ''
  #hasSavedMore = true

  constructor(
    options: AnsweredOptions & {
      cursor: Awaited<ReturnType<Journal['cursor']>>
      path: string
      ranges: Ranges
    },
  ) {
    this.#journal = options.journal
    this.#cursor = options.cursor
    this.#ranges = options.ranges
    this.#path = options.path
    this.#clock = options.clock
    this.#log = options.log
  }

  add(range: Range): void {
    this.#ranges.add(range)
    this.#follow()
    // As long as there is but the contiguous part, the cursor says it all.
    if (this.#ranges.all.length === 1 && !this.#hasSavedMore) return
    this.#cancel ??= this.#clock.after(saveEveryMs, () => {
      this.#cancel = undefined
      this.save().catch((error) =>
        this.#log.warn({ problem: messageOf(error) }, 'receipts not saved; batches may be sent again'),
      )
    })
  }

  /** The centre misses what it had acknowledged: it is to be sent again. The cursor stays where it is. */
  again(range: Range): void {
    this.#ranges.remove(range)
  }

  has(position: number): boolean {
    return this.#ranges.has(position)
  }

  /** The first position from here on without an answer. */
  firstMissing(position = 1): number {
    return this.#ranges.firstMissing(position)
  }

  missing(range: Range): Range[] {
    return this.#ranges.missing(range)
  }

  /** Where what has no answer begins that reaches to the journal's end. */
  get tail(): number {
    const { next } = this.#journal
    const last = this.#ranges.all.findLast(({ from }) => from < next)
    return Math.min(next, last?.until ?? 1)
  }

  /** How many batches before `until` have no answer. */
  waiting(until = this.#journal.next): number {
    return countOf(this.#ranges.missing({ from: 1, until }))
  }

  #follow(): void {
    const first = Math.min(this.#ranges.firstMissing(1), this.#journal.next)
    if (first > this.#cursor.position) this.#cursor.advance(first)
  }

  /** Resolves when everything as it is now is on disk, whatever the cursor's own file says. */
  save(): Promise<void> {
    const run = this.#saving.then(async () => {
      const kept = this.#ranges.all.slice(0, maxKept)
      const text = JSON.stringify({ v: 1, ranges: kept.map(({ from, until }) => [from, until]) })
      if (text === this.#saved) return
      await writeAtomically(this.#path, text)
      this.#saved = text
      this.#hasSavedMore = kept.length > 1
    })
    this.#saving = run.catch(() => undefined)
    return run
  }

  async close(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    await this.save()
  }
}
