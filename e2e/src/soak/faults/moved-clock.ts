import { existsSync, globSync, renameSync, writeFileSync } from 'node:fs'

const library = [
  '/usr/lib/faketime/libfaketimeMT.so.1',
  ...(process.platform === 'linux' ? globSync('/usr/lib/*/faketime/libfaketimeMT.so.1') : []),
].find((path) => existsSync(path))

/** Why no process can be given another wall clock; undefined where it can. */
export const noMovedClocks =
  library === undefined ? 'libfaketime is not installed (Debian: apt-get install faketime)' : undefined

/** The wall clock of one process, moved from outside by libfaketime; its monotonic clock stays true. */
export class MovedClock {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
    this.set(0)
  }

  /** Environment of the process whose clock this is. */
  get environment(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DISABLE_SHM: '1',
      NO_FAKE_STAT: '1',
    }
  }

  /** So many seconds before (negative) or after the true time, within a second from now on. */
  set(offsetS: number): void {
    writeFileSync(`${this.#file}.new`, `${offsetS < 0 ? '' : '+'}${offsetS}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}
