import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { FarwatchError } from '@farwatch/model'

const derive = promisify(argon2)

/** argon2id, RFC 9106; the figures are OWASP's first choice for it: 19 MiB, two passes, one lane. */
const current = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 }
const saltBytes = 16
const format =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

interface Bounds {
  /** Hashes computed at once; each takes 19 MiB and a thread of the pool. */
  readonly atOnce: number
  /** Further ones that may wait. */
  readonly waiting: number
}

/**
 * Hashes and checks passwords on Node's thread pool, few at a time, so that a flood of logins neither stalls the event
 * loop nor fills the memory. @throws FarwatchError `busy` (retryable) from both when too many wait.
 */
export class PasswordHasher {
  readonly #bounds: Bounds
  #running = 0
  readonly #queue: (() => void)[] = []
  /** Nobody's password, checked where there is no account, so that both take the same time. */
  #nobody: Promise<string> | undefined

  constructor(bounds: Bounds = { atOnce: 2, waiting: 64 }) {
    this.#bounds = bounds
  }

  /** The hash as a PHC string. */
  async hash(password: string): Promise<string> {
    const nonce = randomBytes(saltBytes)
    const tag = await this.#inTurn(() =>
      derive('argon2id', { ...current, message: normalised(password), nonce }),
    )
    const { memory, passes, parallelism } = current
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(tag)}`
  }

  /** Whether the password is the one; `stored` null, which nobody knows, takes as long as any other. */
  async verify(password: string, stored: string | null): Promise<boolean> {
    this.#nobody ??= this.hash(randomBytes(32).toString('base64')).catch((error: unknown) => {
      this.#nobody = undefined
      throw error
    })
    const [, memory, passes, parallelism, salt = '', tag = ''] =
      format.exec(stored ?? (await this.#nobody)) ?? []
    if (memory === undefined) throw new FarwatchError('bad-accounts', 'a password hash cannot be understood')
    const expected = Buffer.from(tag, 'base64')
    const found = await this.#inTurn(() =>
      derive('argon2id', {
        ...{ memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
        ...{ tagLength: expected.length, message: normalised(password), nonce: Buffer.from(salt, 'base64') },
      }),
    )
    return timingSafeEqual(found, expected) && stored !== null
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#bounds.atOnce) {
      if (this.#queue.length >= this.#bounds.waiting)
        throw new FarwatchError('busy', 'too many people log in at once', { retryable: true })
      await new Promise<void>((go) => this.#queue.push(go))
    } else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}

/** Whether a hash was made with other parameters than today's. */
export function isOutdated(stored: string): boolean {
  const { memory, passes, parallelism } = current
  return !stored.startsWith(`$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$`)
}

/** The same characters are the same password on every keyboard (NIST SP 800-63B, 3.1.1.2). */
function normalised(password: string): Buffer {
  return Buffer.from(password.normalize('NFKC'))
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
