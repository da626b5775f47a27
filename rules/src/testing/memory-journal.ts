import { FarwatchError } from '@farwatch/model'
import type { Cursor, Journal, JournalRecord, ReadLimits } from '@farwatch/runtime'

/**
 * A journal in memory, for tests that run thousands of lives: what has been appended is durable one turn later, and lost
 * when the process "crashes" before that.
 */
export class MemoryJournal implements Journal {
  readonly #records: Uint8Array[]
  readonly #cursors: Map<string, number>
  #wake = Promise.withResolvers<void>()
  #crashed = false
  /** Appends are refused while set. */
  refuse = false
  readonly first = 1
  readonly problem = undefined
  readonly dropped = { records: 0, bytes: 0 }
  readonly damaged = 0

  constructor(records: Uint8Array[] = [], cursors = new Map<string, number>()) {
    this.#records = records
    this.#cursors = cursors
  }

  get next(): number {
    return this.#records.length + 1
  }

  get bytes(): number {
    return this.#records.reduce((sum, { length }) => sum + length, 0)
  }

  async append(payload: Uint8Array): Promise<number> {
    await Promise.resolve()
    if (this.refuse || this.#crashed)
      throw new FarwatchError('journal-failed', 'refused', { retryable: true })
    const position = this.#records.push(payload)
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
    return position
  }

  async read(from: number, limits: ReadLimits = {}): Promise<JournalRecord[]> {
    const end = from - 1 + (limits.records ?? 1_000)
    return this.#records.slice(from - 1, end).map((payload, i) => ({ position: from + i, payload }))
  }

  async *follow(from: number, signal: AbortSignal, limits?: ReadLimits): AsyncGenerator<JournalRecord[]> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    for (let position = from; !signal.aborted; ) {
      const woken = this.#wake.promise
      const records = await this.read(position, limits)
      if (records.length > 0) yield records
      else await Promise.race([woken, aborted])
      position += records.length
    }
  }

  async cursor(name: string): Promise<Cursor> {
    const cursors = this.#cursors
    if (!cursors.has(name)) cursors.set(name, 1)
    return {
      get position() {
        return cursors.get(name)!
      },
      advance(position) {
        cursors.set(name, position)
      },
    }
  }

  async forgetCursors(isGone: (name: string) => boolean): Promise<void> {
    for (const name of [...this.#cursors.keys()]) if (isGone(name)) this.#cursors.delete(name)
  }

  async close(): Promise<void> {}

  /** The same durable content, in a new life; the old one writes nothing any more. */
  reborn(): MemoryJournal {
    this.#crashed = true
    return new MemoryJournal([...this.#records], new Map(this.#cursors))
  }
}
