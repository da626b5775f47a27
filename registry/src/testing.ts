import type { Act, ActLog, RecordedAct } from '@farwatch/model'

/** A log of acts in memory, which keeps them as text, as a file would. */
export class MemoryActs implements ActLog {
  readonly #lines: string[]
  #nowMs = 1_795_000_000_000
  /** Set to let the next append fail; `after`: the act is kept all the same. */
  failing: 'before' | 'after' | undefined

  constructor(lines: readonly string[] = []) {
    this.#lines = [...lines]
  }

  get end(): number {
    return this.#lines.length
  }

  async append(act: Act): Promise<RecordedAct> {
    const failing = this.failing
    this.failing = undefined
    if (failing === 'before') throw new Error('the disk is full')
    const recorded: RecordedAct = { ...act, seq: this.end + 1, atMs: this.#nowMs++ }
    const line = JSON.stringify(recorded)
    this.#lines.push(line)
    if (failing === 'after') throw new Error('the sync failed')
    return JSON.parse(line) as RecordedAct
  }

  async *read(fromSeq: number): AsyncGenerator<RecordedAct> {
    for (const line of this.#lines.slice(fromSeq - 1)) yield JSON.parse(line) as RecordedAct
  }

  /** The log as it was when it had so many acts. */
  upTo(count: number): MemoryActs {
    return new MemoryActs(this.#lines.slice(0, count))
  }
}
