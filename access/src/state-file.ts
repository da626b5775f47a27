import { stat } from 'node:fs/promises'
import { FarwatchError, messageOf } from '@farwatch/model'
import { readIfPresent, writeAtomically } from '@farwatch/runtime'
import type { z } from 'zod'

interface Waiting<T> {
  readonly change: (content: T) => T
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/**
 * One JSON file as state: read into memory, changed by pure functions, written atomically with fsync. Changes that come
 * while the file is being written share the next write. A change that throws, or that could not be written, has not
 * happened.
 */
export class StateFile<T extends object> {
  readonly #path: string
  readonly #schema: z.ZodType<T>
  #content: T
  #stamp = ''
  #waiting: Waiting<T>[] = []
  #writing: Promise<void> | undefined

  private constructor(path: string, schema: z.ZodType<T>, content: T) {
    this.#path = path
    this.#schema = schema
    this.#content = content
  }

  /** @throws FarwatchError `bad-accounts` when the file is there and cannot be understood. */
  static async open<T extends object>(path: string, schema: z.ZodType<T>, empty: T): Promise<StateFile<T>> {
    const file = new StateFile(path, schema, empty)
    await file.refresh()
    return file
  }

  get content(): T {
    return this.#content
  }

  /** Whether the file has ever been written. */
  get exists(): boolean {
    return this.#stamp !== ''
  }

  /** Takes in what another process has written; true where there was something. @throws FarwatchError `bad-accounts`. */
  async refresh(): Promise<boolean> {
    const stamp = await this.#stampOfFile()
    if (stamp === this.#stamp || stamp === '') return false
    const before = this.#stamp
    const text = await readIfPresent(this.#path)
    // What has been written here meanwhile is newer.
    if (text === undefined || this.#stamp !== before) return false
    try {
      this.#content = this.#schema.parse(JSON.parse(text))
    } catch (cause) {
      throw new FarwatchError('bad-accounts', `${this.#path} cannot be understood; restore it`, { cause })
    }
    this.#stamp = stamp
    return true
  }

  /** Resolves once what `change` made of the content is durable. @throws FarwatchError `accounts-unavailable` (retryable). */
  change(change: (content: T) => T): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ change, done, failed })
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined
      })
    })
  }

  /** Resolves when nothing waits to be written. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken: Waiting<T>[] = []
      try {
        await this.refresh()
        let next = this.#content
        for (const waiting of this.#waiting.splice(0)) {
          try {
            next = waiting.change(next)
            taken.push(waiting)
          } catch (error) {
            waiting.failed(error)
          }
        }
        if (next !== this.#content) await this.#write(next)
        for (const { done } of taken) done()
      } catch (error) {
        for (const { failed } of [...taken, ...this.#waiting.splice(0)]) failed(error)
      }
    }
  }

  async #write(next: T): Promise<void> {
    try {
      await writeAtomically(this.#path, `${JSON.stringify(next)}\n`)
      this.#stamp = await this.#stampOfFile()
      this.#content = next
    } catch (cause) {
      const message = `${this.#path} cannot be written: ${messageOf(cause)}`
      throw new FarwatchError('accounts-unavailable', message, { retryable: true, cause })
    }
  }

  /** Every atomic write makes a new file, so its number and time tell one content from another. */
  async #stampOfFile(): Promise<string> {
    const found = await stat(this.#path, { bigint: true }).catch(() => undefined)
    return found === undefined ? '' : `${found.ino}.${found.mtimeNs}`
  }
}
