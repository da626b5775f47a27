import { execFile } from 'node:child_process'
import { mkdir, statfs } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A disk of its own (tmpfs) that is filled by shrinking it to what it holds: to writers it is the same ENOSPC. */
export class SmallDisk {
  readonly #folder: string
  readonly #bytes: number

  private constructor(folder: string, bytes: number) {
    this.#folder = folder
    this.#bytes = bytes
  }

  /** @throws Error where this user may mount nothing: it takes root, and Linux. */
  static async mount(folder: string, bytes: number): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true })
    await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', folder])
    return new SmallDisk(folder, bytes)
  }

  async fill(): Promise<void> {
    // What is written between asking and shrinking makes the mount refuse: then there is a little more to keep.
    for (let tries = 1; ; tries++) {
      const { blocks, bfree, bsize } = await statfs(this.#folder)
      try {
        await this.#resize((blocks - bfree + (tries - 1) * 16) * bsize)
        return
      } catch (error) {
        if (tries === 20) throw error
      }
    }
  }

  heal(): Promise<void> {
    return this.#resize(this.#bytes)
  }

  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.#folder])
  }

  async #resize(bytes: number): Promise<void> {
    await run('mount', ['-o', `remount,size=${bytes}`, this.#folder])
  }
}
