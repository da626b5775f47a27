import { readFileSync, statSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer, type Server } from 'node:https'
import { createSecureContext } from 'node:tls'
import { FarwatchError, messageOf } from '@farwatch/model'
import type { Clock, Logger } from '@farwatch/runtime'

/** PEM files: the certificate with those that lead to its authority, and its private key. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

const lookEveryMs = 5_000
/** RFC 9325: nothing older. */
const minVersion = 'TLSv1.2'

/**
 * The certificate of the console, taken anew when its files change, so that a renewal needs no restart. New files that are no
 * pair are told once and the old ones kept.
 */
export class Certificate {
  readonly #files: TlsFiles
  readonly #log: Logger
  #stamp: string
  #problem: string | undefined

  /** @throws FarwatchError `bad-certificate`. */
  constructor(files: TlsFiles, log: Logger) {
    this.#files = files
    this.#log = log
    this.#stamp = stampOf(files)
    this.#read()
  }

  get problem(): string | undefined {
    return this.#problem
  }

  serve(handler: RequestListener, options: { maxHeaderSize: number; headersTimeout: number }): Server {
    return createServer({ ...this.#read(), ...options, minVersion }, handler)
  }

  /** Looks at the files from time to time; returns the way out. */
  follow(server: Pick<Server, 'setSecureContext'>, clock: Clock): () => void {
    return clock.every(lookEveryMs, () => this.refresh(server))
  }

  /** Takes the files if they are others than before. */
  refresh(server: Pick<Server, 'setSecureContext'>): void {
    const stamp = stampOf(this.#files)
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    try {
      server.setSecureContext({ ...this.#read(), minVersion })
      this.#problem = undefined
      this.#log.info({ cert: this.#files.cert }, 'the certificate was renewed')
    } catch (error) {
      this.#problem = messageOf(error)
      this.#log.error({ problem: this.#problem }, 'the new certificate is not taken; the old one is used')
    }
  }

  #read(): { cert: Buffer; key: Buffer } {
    const { cert, key } = this.#files
    try {
      const pair = { cert: readFileSync(cert), key: readFileSync(key) }
      createSecureContext(pair)
      return pair
    } catch (cause) {
      throw new FarwatchError(
        'bad-certificate',
        `${cert} and ${key} are no certificate and its key (${messageOf(cause)}): expected two PEM files`,
        { cause },
      )
    }
  }
}

/** What tells another version of the files; a file that is being replaced has none for a moment. */
function stampOf({ cert, key }: TlsFiles): string {
  return [cert, key]
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false })
      return found === undefined ? '' : `${found.ino} ${found.mtimeMs} ${found.size}`
    })
    .join()
}
