import { frame } from './frames.ts'
import { encodeItem, type Item } from './items.ts'
import { lineOf, type Row, rowHeader } from './rows.ts'

/** A part is closed beyond this, so that writing and verifying hold no more in memory. */
const partBytes = 4 * 1024 * 1024
const partRows = 50_000

/** Gathers items and their readings into parts: `evidence/NNNN.fwe` and `readings/NNNN.csv`. */
export class Parts {
  readonly #add: (name: string, content: Uint8Array) => Promise<void>
  #frames: Uint8Array[] = []
  #bytes = 0
  #lines: string[] = []
  #count = 0

  constructor(add: (name: string, content: Uint8Array) => Promise<void>) {
    this.#add = add
  }

  async add(item: Item, rows: readonly Row[]): Promise<void> {
    const framed = frame(encodeItem(item))
    this.#frames.push(framed)
    this.#bytes += framed.length
    for (const row of rows) this.#lines.push(lineOf(row))
    if (this.#bytes >= partBytes || this.#lines.length >= partRows) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#frames.length === 0) return
    const name = String(++this.#count).padStart(4, '0')
    await this.#add(`evidence/${name}.fwe`, Buffer.concat(this.#frames))
    await this.#add(`readings/${name}.csv`, Buffer.from(`${[rowHeader, ...this.#lines].join('\n')}\n`))
    this.#frames = []
    this.#lines = []
    this.#bytes = 0
  }
}
