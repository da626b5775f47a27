import { connect, type Socket } from 'node:net'
import { type Driver, type DriverContext, DriverError, type Point, type Sample } from '../../driver.ts'
import type { HostPort } from '../../host-port.ts'
import type { Hj212Address } from './address.ts'
import type { Command, Outcome } from './commands.ts'
import type { Hj212Config } from './index.ts'
import { Station } from './station.ts'

/** The gateway dials a logger, or the serial server before it, and takes what it reports. */
export class Hj212DialDriver implements Driver {
  readonly #config: Hj212Config & { readonly address: HostPort }
  readonly #points: readonly Point<Hj212Address>[]
  readonly #context: DriverContext
  #station: Station | undefined

  constructor(
    config: Hj212Config & { readonly address: HostPort },
    points: readonly Point<Hj212Address>[],
    context: DriverContext,
  ) {
    this.#config = config
    this.#points = points
    this.#context = context
  }

  async command(mn: string, command: Command, signal: AbortSignal): Promise<Outcome> {
    return this.#station?.command(mn, command, signal) ?? { outcome: 'not-connected' }
  }

  async *run(signal: AbortSignal): AsyncGenerator<readonly Sample[]> {
    if (signal.aborted) return
    const { host, port } = this.#config.address
    const station = new Station(this.#config, this.#points, { context: this.#context, signal })
    const socket = connect({ host, port, noDelay: true, keepAlive: true })
    try {
      await this.#connected(socket, signal)
      this.#station = station
      void station
        .serve(socket)
        .then((why) => station.fail(new DriverError('lost', `${host}:${port}: ${why}`)))
      yield* station.batches()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#station = undefined
      socket.destroy()
    }
  }

  async #connected(socket: Socket, signal: AbortSignal): Promise<void> {
    const { address, timeoutMs } = this.#config
    const where = `${address.host}:${address.port}`
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => reject(signal.reason)
    const cancel = this.#context.clock.after(timeoutMs, () =>
      reject(new DriverError('timeout', `${where} did not let us in within ${timeoutMs} ms`)),
    )
    const refuse = (error: Error) => reject(new DriverError('refused', `${where}: ${error.message}`, error))
    signal.addEventListener('abort', abort, { once: true })
    socket.once('connect', resolve).once('error', refuse)
    await promise.finally(() => {
      cancel()
      signal.removeEventListener('abort', abort)
      socket.off('error', refuse).on('error', () => undefined)
    })
  }
}
