import { basename, dirname } from 'node:path'
import type { FileLayer, JournalFile } from './file-layer.ts'

interface Content {
  bytes: Buffer
  /** Writes since the last sync: what a power cut may drop or tear. */
  pending: { offset: number; data: Buffer }[]
  synced: Buffer
  modifiedMs: number
}

/**
 * A disk for tests, in memory: a power cut drops any of the writes that were not synced, tears one, and undoes any creation,
 * renaming or removal of a name whose folder was not synced. `failNext` makes the next write or sync fail; `capacity` is a
 * disk that can be full.
 */
export class ForgetfulDisk implements FileLayer {
  #files = new Map<string, Content>()
  #durable = new Map<string, Content>()
  #lives = 0
  readonly #random: () => number
  readonly #now: () => number
  failNext: 'write' | 'sync' | undefined
  /** Bytes of all files together. */
  capacity = Number.POSITIVE_INFINITY
  bytesRead = 0
  /** Runs once before the next read is answered: what else may happen while a reader waits for the disk. */
  beforeRead: (() => Promise<unknown>) | undefined

  constructor(random: () => number, now: () => number = Date.now) {
    this.#random = random
    this.#now = now
  }

  /** The disk as one life of a process sees it: after a power cut it can do nothing more. */
  life(): FileLayer {
    const life = this.#lives
    const alive = (): void => {
      if (life !== this.#lives) throw new Error('EIO: the power is gone')
    }
    const checked =
      <Arguments extends unknown[], Result>(work: (...given: Arguments) => Promise<Result>) =>
      async (...given: Arguments): Promise<Result> => {
        alive()
        return work(...given)
      }
    return {
      list: checked((folder: string) => this.list(folder)),
      open: checked((path: string, options: { create: boolean }) => this.open(path, options)),
      remove: checked((path: string) => this.remove(path)),
      rename: checked((from: string, to: string) => this.rename(from, to)),
      stat: checked((path: string) => this.stat(path)),
      syncFolder: checked((folder: string) => this.syncFolder(folder)),
    }
  }

  async list(folder: string): Promise<string[]> {
    return this.names(folder)
  }

  names(folder: string): string[] {
    return [...this.#files.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path))
  }

  async open(path: string, { create }: { create: boolean }): Promise<JournalFile> {
    if (create) {
      const empty = { bytes: Buffer.alloc(0), pending: [], synced: Buffer.alloc(0), modifiedMs: this.#now() }
      this.#files.set(path, empty)
    }
    const content = this.#files.get(path)
    if (content === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' })
    let isOpen = true
    return {
      size: async () => content.bytes.length,
      read: async (offset, length) => {
        const meanwhile = this.beforeRead
        this.beforeRead = undefined
        await meanwhile?.()
        if (!isOpen) throw Object.assign(new Error('EBADF: file closed'), { code: 'EBADF' })
        const read = Buffer.from(content.bytes.subarray(offset, offset + length))
        this.bytesRead += read.length
        return read
      },
      write: async (offset, data) => {
        const whole = Buffer.concat(data)
        const room = Math.max(0, this.capacity - this.usedBytes + content.bytes.length - offset)
        const failing = this.#fails('write') || room < whole.length
        const most = Math.min(room, whole.length)
        const written = failing ? whole.subarray(0, Math.floor(this.#random() * most)) : whole
        content.pending.push({ offset, data: written })
        content.bytes = patch(content.bytes, offset, written)
        content.modifiedMs = this.#now()
        if (failing) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
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
      close: async () => {
        isOpen = false
      },
    }
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(path)
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.#files.get(from)
    if (content === undefined) throw Object.assign(new Error(`no file ${from}`), { code: 'ENOENT' })
    this.#files.delete(from)
    this.#files.set(to, content)
  }

  async stat(path: string): Promise<{ bytes: number; modifiedMs: number }> {
    const content = this.#files.get(path)
    if (content === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' })
    return { bytes: content.bytes.length, modifiedMs: content.modifiedMs }
  }

  async syncFolder(folder: string): Promise<void> {
    for (const path of this.#durable.keys()) if (dirname(path) === folder) this.#durable.delete(path)
    for (const [path, content] of this.#files) if (dirname(path) === folder) this.#durable.set(path, content)
  }

  powerCut(): void {
    this.#lives++
    const survivors = new Map<string, Content>()
    for (const path of new Set([...this.#durable.keys(), ...this.#files.keys()])) {
      const [durable, current] = [this.#durable.get(path), this.#files.get(path)]
      const kept = durable === current || this.#random() < 0.5 ? durable : current
      if (kept !== undefined) survivors.set(path, kept)
    }
    this.#files = new Map(Array.from(survivors, ([path, content]) => [path, this.#afterCut(content)]))
    this.#durable = new Map(this.#files)
  }

  /** Flips one bit of one file, as a rotting disk does. */
  rot(name: string, byte: number): void {
    for (const [path, content] of this.#files) {
      if (basename(path) !== name || byte >= content.bytes.length) continue
      content.bytes[byte]! ^= 1
      content.synced = Buffer.from(content.bytes)
    }
  }

  #afterCut({ synced, pending, modifiedMs }: Content): Content {
    let survived = synced
    for (const { offset, data } of pending) {
      const luck = this.#random()
      if (luck < 0.4) continue
      const part = luck < 0.7 ? data : data.subarray(0, Math.floor(this.#random() * data.length))
      survived = patch(survived, offset, part)
    }
    return { bytes: survived, pending: [], synced: Buffer.from(survived), modifiedMs }
  }

  get usedBytes(): number {
    let sum = 0
    for (const { bytes } of this.#files.values()) sum += bytes.length
    return sum
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
