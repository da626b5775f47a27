import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { type FileLayer, readWhole, replaceFile } from './file-layer.ts'
import type { Cursor } from './journal.ts'

const Stored = z.record(z.string(), z.number().int().positive())
const saveEveryMs = 1_000

/** The named places of a journal's readers, in one small file written at most once a second. */
export class Cursors {
  readonly #path: string
  readonly #files: FileLayer
  readonly #clock: Clock
  readonly #positions: Map<string, number>
  #durable: ReadonlyMap<string, number>
  #cancel: (() => void) | undefined
  #closed = false
  #saving: Promise<void> = Promise.resolve()
  /** Called when saved positions allow older segments to go, or saving failed. */
  readonly #onSaved: (error?: unknown) => void

  private constructor(options: {
    path: string
    files: FileLayer
    clock: Clock
    positions: Map<string, number>
    onSaved: (error?: unknown) => void
  }) {
    this.#path = options.path
    this.#files = options.files
    this.#clock = options.clock
    this.#positions = options.positions
    this.#durable = new Map(options.positions)
    this.#onSaved = options.onSaved
  }

  static async open(
    folder: string,
    { files, clock, onSaved }: { files: FileLayer; clock: Clock; onSaved: (error?: unknown) => void },
  ): Promise<Cursors> {
    const path = join(folder, 'cursors.json')
    let positions = new Map<string, number>()
    if ((await files.list(folder)).includes('cursors.json')) {
      const text = Buffer.from(await readWhole(files, path)).toString()
      try {
        positions = new Map(Object.entries(Stored.parse(JSON.parse(text))))
      } catch (cause) {
        throw new FarwatchError('journal-damaged', `${path}: expected {"name": position}`, { cause })
      }
    }
    return new Cursors({ path, files, clock, positions, onSaved })
  }

  /** The least durable position of all cursors; undefined without cursors: then nothing may be deleted. */
  get least(): number | undefined {
    return this.#durable.size === 0 ? undefined : Math.min(...this.#durable.values())
  }

  /** The least position of all cursors, saved or not; undefined without cursors. */
  get leastNow(): number | undefined {
    return this.#positions.size === 0 ? undefined : Math.min(...this.#positions.values())
  }

  /** Moves every cursor that stands before `position` there, durably. */
  async leaveBehind(position: number): Promise<void> {
    for (const [name, current] of this.#positions) {
      if (current < position) this.#positions.set(name, position)
    }
    await this.save()
  }

  async cursor(name: string, first: number, next: () => number): Promise<Cursor> {
    if (!this.#positions.has(name)) {
      this.#positions.set(name, first)
      await this.save()
    }
    // A journal that lost its end (an older copy, a rotten disk) fills those positions again: they are to be read.
    if (this.#positions.get(name)! > next()) this.#positions.set(name, next())
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
        (error) => {
          if (!this.#closed) this.#schedule()
          this.#onSaved(error)
        },
      )
    })
  }

  save(): Promise<void> {
    const run = this.#saving.then(async () => {
      const snapshot = new Map(this.#positions)
      await replaceFile(this.#files, this.#path, Buffer.from(JSON.stringify(Object.fromEntries(snapshot))))
      this.#durable = snapshot
    })
    this.#saving = run.catch(() => undefined)
    return run
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    this.#cancel = undefined
    await this.save()
  }
}
