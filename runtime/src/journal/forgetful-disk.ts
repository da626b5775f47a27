import { basename } from 'node:path'
import type { FileLayer, JournalFile } from './file-layer.ts'

interface Content {
  bytes: Buffer
  /** Writes since the last sync: what a power cut may drop or tear. */
  pending: { offset: number; data: Buffer }[]
  synced: Buffer
}

/**
 * A disk for tests, in memory: a power cut drops any of the writes and names that were not synced, and tears one.
 * `failNext` makes the next write or sync fail, as a full disk does.
 */
export class ForgetfulDisk implements FileLayer {
  readonly #files = new Map<string, Content>()
  #durableNames = new Set<string>()
  readonly #random: () => number
  failNext: 'write' | 'sync' | undefined
  bytesRead = 0
  /** Runs once before the next read is answered: what else may happen while a reader waits for the disk. */
  beforeRead: (() => Promise<unknown>) | undefined

  constructor(random: () => number) {
    this.#random = random
  }

  async list(): Promise<string[]> {
    return [...this.#files.keys()]
  }

  async open(path: string, { create }: { create: boolean }): Promise<JournalFile> {
    const name = basename(path)
    if (create) this.#files.set(name, { bytes: Buffer.alloc(0), pending: [], synced: Buffer.alloc(0) })
    const content = this.#files.get(name)
    if (content === undefined) throw new Error(`no file ${name}`)
    return {
      size: async () => content.bytes.length,
      read: async (offset, length) => {
        const meanwhile = this.beforeRead
        this.beforeRead = undefined
        await meanwhile?.()
        const read = Buffer.from(content.bytes.subarray(offset, offset + length))
        this.bytesRead += read.length
        return read
      },
      write: async (offset, data) => {
        const whole = Buffer.concat(data)
        const failing = this.#fails('write')
        const written = failing ? whole.subarray(0, Math.floor(this.#random() * whole.length)) : whole
        content.pending.push({ offset, data: written })
        content.bytes = patch(content.bytes, offset, written)
        if (failing) throw new Error('ENOSPC: no space left on device')
      },
      sync: async () => {
        if (this.#fails('sync')) throw new Error('EIO: sync failed')
        content.synced = Buffer.from(content.bytes)
        content.pending = []
      },
      truncate: async (size) => {
        content.bytes = Buffer.from(content.bytes.subarray(0, size))
        content.pending = content.pending.filter(({ offset }) => offset < size)
      },
      close: async () => undefined,
    }
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(basename(path))
  }

  async syncFolder(): Promise<void> {
    this.#durableNames = new Set(this.#files.keys())
  }

  powerCut(): void {
    for (const [name, content] of this.#files) {
      if (!this.#durableNames.has(name)) {
        this.#files.delete(name)
        continue
      }
      let survived = content.synced
      for (const { offset, data } of content.pending) {
        const luck = this.#random()
        if (luck < 0.4) continue
        const part = luck < 0.7 ? data : data.subarray(0, Math.floor(this.#random() * data.length))
        survived = patch(survived, offset, part)
      }
      this.#files.set(name, { bytes: survived, pending: [], synced: Buffer.from(survived) })
    }
  }

  /** Flips one bit of one file, as a rotting disk does. */
  rot(name: string, byte: number): void {
    const content = this.#files.get(name)
    if (content) content.bytes[byte]! ^= 1
  }

  #fails(what: 'write' | 'sync'): boolean {
    if (this.failNext !== what) return false
    this.failNext = undefined
    return true
  }
}

function patch(content: Buffer, offset: number, data: Buffer): Buffer {
  const result = Buffer.alloc(Math.max(content.length, offset + data.length))
  content.copy(result)
  data.copy(result, offset)
  return result
}
