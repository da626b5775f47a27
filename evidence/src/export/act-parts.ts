import { type ActEntry, openAct } from '../act-entry.ts'
import type { Original } from './exporter.ts'
import { frame } from './frames.ts'

const partBytes = 16 * 1024 * 1024

/** One act for people: the text that was signed, behind its place and time. */
export function lineOfAct({ seq, madeMs, act }: ActEntry): string {
  return `{"seq":${seq},"time":"${new Date(madeMs).toISOString()}","act":${act}}\n`
}

/** Writes the acts of an export, part by part: `acts/NNNN.fwe` as they were signed, `acts/NNNN.jsonl` for people. */
export class ActParts {
  readonly #add: (name: string, content: Uint8Array) => Promise<void>
  #frames: Uint8Array[] = []
  #lines: string[] = []
  #bytes = 0
  #part = 0
  /** What has been written. */
  range: { chain: string; from: number; to: number } | undefined

  constructor(add: (name: string, content: Uint8Array) => Promise<void>) {
    this.#add = add
  }

  /** One stretch without a hole: from the first act of that time to the last. */
  async add(acts: AsyncIterable<Original> | undefined, isWanted: (madeMs: number) => boolean): Promise<void> {
    for await (const { payload } of acts ?? []) {
      // What is damaged or was changed since goes in as it is found, or is missing: verification is to tell.
      const body = payload === undefined ? undefined : readable(payload)
      if (body === undefined ? this.range === undefined : !isWanted(body.madeMs)) continue
      if (payload === undefined) continue
      if (body !== undefined) {
        this.range = { chain: body.chain, from: this.range?.from ?? body.seq, to: body.seq }
        this.#lines.push(lineOfAct(body))
      }
      const framed = frame(payload)
      this.#frames.push(framed)
      this.#bytes += framed.length
      if (this.#bytes > partBytes) await this.#flush()
    }
    await this.#flush()
  }

  async #flush(): Promise<void> {
    if (this.#bytes === 0) return
    const number = String(++this.#part).padStart(4, '0')
    const [frames, lines] = [this.#frames, this.#lines]
    this.#frames = []
    this.#lines = []
    this.#bytes = 0
    await this.#add(`acts/${number}.fwe`, Buffer.concat(frames))
    await this.#add(`acts/${number}.jsonl`, Buffer.from(lines.join('')))
  }
}

function readable(payload: Uint8Array): ActEntry | undefined {
  try {
    return openAct(payload).body
  } catch {
    return undefined
  }
}
