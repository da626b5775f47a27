import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { readIfPresent, writeAtomically } from '../files.ts'
import type { Cursor } from './journal.ts'

const Stored = z.record(z.string(), z.number().int().positive())
const saveEveryMs = 1_000

/** The named places of a journal's readers, in one small file written at most once a second. */
export class Cursors {
  readonly #path: string
  readonly #clock: Clock
  readonly #positions: Map<string, number>
  #durable: ReadonlyMap<string, number>
  #cancel: (() => void) | undefined
  #saving: Promise<void> = Promise.resolve()
  /** Called when saved positions allow older segments to go, or saving failed. */
  readonly #onSaved: (error?: unknown) => void

  private constructor(options: {
    path: string
    clock: Clock
    positions: Map<string, number>
    onSaved: (error?: unknown) => void
  }) {
    this.#path = options.path
    this.#clock = options.clock
    this.#positions = options.positions
    this.#durable = new Map(options.positions)
    this.#onSaved = options.onSaved
  }

  static async open(folder: string, clock: Clock, onSaved: (error?: unknown) => void): Promise<Cursors> {
    const path = join(folder, 'cursors.json')
    const text = await readIfPresent(path)
    let positions = new Map<string, number>()
    if (text !== undefined) {
      try {
        positions = new Map(Object.entries(Stored.parse(JSON.parse(text))))
      } catch (cause) {
        throw new FarwatchError('journal-damaged', `${path}: expected {"name": position}`, { cause })
      }
    }
    return new Cursors({ path, clock, positions, onSaved })
  }

  /** The least durable position of all cursors; undefined without cursors: then nothing may be deleted. */
  get least(): number | undefined {
    return this.#durable.size === 0 ? undefined : Math.min(...this.#durable.values())
  }

  async cursor(name: string, first: number, next: () => number): Promise<Cursor> {
    if (!this.#positions.has(name)) {
      this.#positions.set(name, first)
      await this.save()
    }
    const positions = this.#positions
    const changed = () => this.#schedule()
    return {
      get position() {
        return positions.get(name)!
      },
      advance(position) {
        const current = positions.get(name)!
        if (position < current || position > next()) {
          throw new FarwatchError('bad-position', `cursor ${name} is at ${current}, cannot go to ${position}`)
        }
        if (position === current) return
        positions.set(name, position)
        changed()
      },
    }
  }

  async forget(isGone: (name: string) => boolean): Promise<void> {
    const gone = [...this.#positions.keys()].filter(isGone)
    for (const name of gone) this.#positions.delete(name)
    if (gone.length > 0) await this.save()
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(saveEveryMs, () => {
      this.#cancel = undefined
      this.save().then(
        () => this.#onSaved(),
        (error) => this.#onSaved(error),
      )
    })
  }

  save(): Promise<void> {
    const run = this.#saving.then(async () => {
      const snapshot = new Map(this.#positions)
      await writeAtomically(this.#path, JSON.stringify(Object.fromEntries(snapshot)))
      this.#durable = snapshot
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
