import { type FileHandle, open } from 'node:fs/promises'

/** One message of a device: all of its points carry this number, and this source time. */
export interface Entry {
  /** 1, 2, 3 … for each device. */
  readonly n: number
  readonly timeMs: number
}

/**
 * What the devices themselves know: what they handed over and what was acknowledged to them, in a file that is synced
 * before a message leaves. Lines: `> DEVICE N TIME` handed over, `< DEVICE N` acknowledged.
 */
export class Ledger {
  readonly #file: FileHandle
  readonly #entries = new Map<string, { readonly timesMs: number[]; acknowledged: Set<number> }>()
  #lines: string[] = []
  #writing: Promise<void> = Promise.resolve()

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async open(path: string): Promise<Ledger> {
    return new Ledger(await open(path, 'ax', 0o600))
  }

  /** Resolves when it stands on disk that these will be sent. Numbers of a device come in order. */
  async handOver(messages: readonly (Entry & { readonly device: string })[]): Promise<void> {
    for (const { device, n, timeMs } of messages) {
      const { timesMs } = this.#of(device)
      if (timesMs.length !== n - 1) throw new Error(`${device}: number ${n} after ${timesMs.length}`)
      timesMs.push(timeMs)
      this.#lines.push(`> ${device} ${n} ${timeMs}\n`)
    }
    await this.#flush()
  }

  acknowledged(device: string, n: number): void {
    this.#of(device).acknowledged.add(n)
    this.#lines.push(`< ${device} ${n}\n`)
  }

  /** Source times of a device's numbers 1, 2, 3 … */
  timesMs(device: string): readonly number[] {
    return this.#of(device).timesMs
  }

  isAcknowledged(device: string, n: number): boolean {
    return this.#of(device).acknowledged.has(n)
  }

  acknowledgedCount(device: string): number {
    return this.#of(device).acknowledged.size
  }

  async close(): Promise<void> {
    await this.#flush()
    await this.#file.close()
  }

  #of(device: string) {
    let found = this.#entries.get(device)
    if (found === undefined) {
      found = { timesMs: [], acknowledged: new Set() }
      this.#entries.set(device, found)
    }
    return found
  }

  #flush(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const lines = this.#lines.splice(0)
      if (lines.length === 0) return
      await this.#file.write(lines.join(''))
      await this.#file.datasync()
    })
    return this.#writing
  }
}
