import { createServer, type Socket } from 'node:net'
import { messageOf } from '@farwatch/model'
import { type Driver, type DriverContext, DriverError, type Point, type Sample } from '../../driver.ts'
import type { HostPort } from '../../host-port.ts'
import { listening } from '../../listening.ts'
import type { Hj212Address } from './address.ts'
import type { Command, Outcome } from './commands.ts'
import type { Hj212Config } from './index.ts'
import { Station } from './station.ts'

/** The gateway as the host computer that loggers dial, told apart by their MN. */
export class Hj212ListenDriver implements Driver {
  readonly #config: Hj212Config & { readonly listen: HostPort }
  readonly #points: readonly Point<Hj212Address>[]
  readonly #context: DriverContext
  #port: number | undefined
  #station: Station | undefined

  constructor(
    config: Hj212Config & { readonly listen: HostPort },
    points: readonly Point<Hj212Address>[],
    context: DriverContext,
  ) {
    this.#config = config
    this.#points = points
    this.#context = context
  }

  /** Where it listens now: the configured port, or the one that the system chose where that is 0. */
  get port(): number | undefined {
    return this.#port
  }

  async command(mn: string, command: Command, signal: AbortSignal): Promise<Outcome> {
    return this.#station?.command(mn, command, signal) ?? { outcome: 'not-connected' }
  }

  async *run(signal: AbortSignal): AsyncGenerator<readonly Sample[]> {
    if (signal.aborted) return
    const station = new Station(this.#config, this.#points, { context: this.#context, signal })
    const sockets = new Set<Socket>()
    const server = createServer({ keepAlive: true, noDelay: true }, (socket) => {
      sockets.add(socket)
      void station.serve(socket).then(() => sockets.delete(socket))
    })
    server.maxConnections = this.#config.maxConnections
    server.on('drop', () => station.refused('too-many-connections', `more than ${server.maxConnections}`))
    try {
      this.#port = await listening(server, this.#config.listen)
      this.#station = station
      this.#context.log.info({ port: this.#port }, 'listening for HJ 212')
      server.on('error', (error) => station.fail(new DriverError('listen', messageOf(error), error)))
      yield* station.batches()
    } finally {
      this.#port = undefined
      this.#station = undefined
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
