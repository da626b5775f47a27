import { messageOf } from '@farwatch/model'
import { type Driver, type DriverContext, DriverError, type Point, type Sample } from '../../driver.ts'
import { Mailbox } from '../../mailbox.ts'
import type { OpcuaAddress } from './address.ts'
import { Connection } from './connection.ts'
import type { OpcuaConfig } from './index.ts'
import { monitor } from './monitor.ts'

const maxBatch = 5_000
/** Notifications cannot be held back, so a store that is slow for long loses the oldest, counted as `overflow`. */
const maxWaiting = 200_000

/**
 * A fresh session and subscription for every life of the link, not the library's own repair of a broken one: a repaired
 * subscription may be transferred, recreated or doubled, as the server pleases, and its retries know no bound; a fresh
 * one is always the same. The price is the values between two sessions, which a restarted server has lost in any case;
 * what a server sends twice, the gateway recognises by its stamps.
 */
export class OpcuaDriver implements Driver {
  readonly #config: OpcuaConfig
  readonly #points: readonly Point<OpcuaAddress>[]
  readonly #context: DriverContext

  constructor(config: OpcuaConfig, points: readonly Point<OpcuaAddress>[], context: DriverContext) {
    this.#config = config
    this.#points = points
    this.#context = context
  }

  async *run(signal: AbortSignal): AsyncGenerator<readonly Sample[]> {
    if (signal.aborted) return
    const { clock } = this.#context
    const mailbox = new Mailbox<Sample>({
      bound: maxWaiting,
      overflowed: (count) => this.#context.refused('overflow', count),
      signal,
    })
    const connection = new Connection(this.#config, this.#context)
    connection.onFailure((error) => mailbox.fail(error))
    let dog: (() => void) | undefined
    try {
      const subscription = await Promise.race([connection.subscribe(this.#points), mailbox.end])
      dog = clock.every(this.#config.timeoutMs, () => connection.watch())
      const unknown = await Promise.race([
        monitor(subscription, this.#points, { clock, put: (sample) => mailbox.put(sample) }),
        mailbox.end,
      ])
      if (unknown.length > 0) this.#context.report(problemOf(unknown, this.#points.length))
      yield []
      yield* mailbox.batches(maxBatch)
    } catch (error) {
      if (signal.aborted) return
      throw error instanceof DriverError ? error : new DriverError('lost', messageOf(error), error)
    } finally {
      dog?.()
      await connection.close()
    }
  }
}

function problemOf(unknown: readonly { node: string; status: string }[], of: number): string {
  const few = unknown.slice(0, 5).map(({ node, status }) => `${node} (${status})`)
  const more = unknown.length > few.length ? ` and ${unknown.length - few.length} more` : ''
  return `${unknown.length} of ${of} nodes cannot be read: ${few.join(', ')}${more}`
}
