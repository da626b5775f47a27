import { constants, type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { syncFolder } from '@farwatch/runtime'

const width = 8
/** The largest sequence that has a place: more than a hundred years of twenty batches a second. */
export const maxSeq = 2 ** 36

/**
 * The first 8 bytes of the hash of every batch ever taken, one file a chain with a fixed place for each sequence: whether
 * a batch came before, or another one in its place, is known for the whole past without the database. What is put here is
 * on disk after `flush`; until then the journal holds it.
 */
export class HashFiles {
  readonly #folder: string
  #waiting: Places = new Map()
  #writing: Places = new Map()
  #count = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Hashes put and not flushed. */
  get waiting(): number {
    return this.#count
  }

  put(chain: string, seq: number, hash: Uint8Array): void {
    let places = this.#waiting.get(chain)
    if (places === undefined) {
      places = new Map()
      this.#waiting.set(chain, places)
    }
    if (!places.has(seq)) this.#count++
    places.set(seq, hash.subarray(0, width))
  }

  /** The beginning of a hash, undefined where none was put. */
  async get(chain: string, seq: number): Promise<Uint8Array | undefined> {
    const known = this.#waiting.get(chain)?.get(seq) ?? this.#writing.get(chain)?.get(seq)
    if (known !== undefined) return known
    let file: FileHandle
    try {
      file = await open(this.#path(chain), 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(width), 0, width, (seq - 1) * width)
      return bytesRead === width && buffer.some((byte) => byte !== 0) ? buffer : undefined
    } finally {
      await file.close()
    }
  }

  /** Takes what was put so far and returns the work that makes it durable; what fails to be written is kept for the next. */
  flush(): () => Promise<void> {
    const places = this.#waiting
    this.#writing = places
    this.#waiting = new Map()
    this.#count = 0
    return async () => {
      try {
        if (places.size > 0) await mkdir(this.#folder, { recursive: true, mode: 0o700 })
        for (const [chain, hashes] of places) await this.#write(this.#path(chain), hashes)
        if (places.size > 0) {
          await syncFolder(this.#folder)
          await syncFolder(dirname(this.#folder))
        }
      } catch (error) {
        for (const [chain, hashes] of places) {
          for (const [seq, hash] of hashes) this.put(chain, seq, hash)
        }
        throw error
      } finally {
        this.#writing = new Map()
      }
    }
  }

  async #write(path: string, hashes: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      for (const run of runsOf(hashes)) {
        const bytes = Buffer.concat(run.hashes)
        const { bytesWritten } = await file.write(bytes, 0, bytes.length, (run.seq - 1) * width)
        if (bytesWritten < bytes.length)
          throw new FarwatchError('disk-full', `${path} takes no more`, { retryable: true })
      }
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  #path(chain: string): string {
    return join(this.#folder, `${chain}.hashes`)
  }
}

/** Hash beginnings by chain and sequence. */
type Places = Map<string, Map<number, Uint8Array>>

function runsOf(hashes: ReadonlyMap<number, Uint8Array>): { seq: number; hashes: Uint8Array[] }[] {
  const runs: { seq: number; hashes: Uint8Array[] }[] = []
  for (const [seq, hash] of [...hashes].toSorted(([a], [b]) => a - b)) {
    const run = runs.at(-1)
    if (run !== undefined && run.seq + run.hashes.length === seq) run.hashes.push(hash)
    else runs.push({ seq, hashes: [hash] })
  }
  return runs
}
