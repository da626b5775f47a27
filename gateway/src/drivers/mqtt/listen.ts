import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { messageOf } from '@farwatch/model'
import { limitPacketSize } from '@farwatch/runtime'
import { Aedes, type AedesOptions, type AuthenticateError } from 'aedes'
import { type Driver, type DriverContext, DriverError, type Point, type Sample } from '../../driver.ts'
import type { HostPort } from '../../host-port.ts'
import { listening } from '../../listening.ts'
import type { MqttAddress } from './address.ts'
import { Inbox } from './inbox.ts'
import type { MqttConfig } from './index.ts'

const badCredentials = 4
const maxTopicLevels = 16
/** QoS 2 messages a client may leave half done. */
const maxHalfDone = 20

/** The gateway as the broker of its devices. It forwards nothing: what devices publish here is stored, and no one reads. */
export class MqttListenDriver implements Driver {
  readonly #config: MqttConfig & { readonly listen: HostPort }
  readonly #points: readonly Point<MqttAddress>[]
  readonly #context: DriverContext
  #port: number | undefined

  constructor(
    config: MqttConfig & { readonly listen: HostPort },
    points: readonly Point<MqttAddress>[],
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

  async *run(signal: AbortSignal): AsyncGenerator<readonly Sample[]> {
    if (signal.aborted) return
    const inbox = new Inbox(this.#points, this.#context, signal)
    const sockets = new Set<Socket>()
    const broker = await Aedes.createBroker(this.#brokerOptions(inbox))
    broker.on('clientError', () => this.#context.refused('broken-connection'))
    broker.on('connectionError', () => this.#context.refused('broken-connection'))
    const server = createServer({ keepAlive: true, noDelay: true }, (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      limitPacketSize(
        socket,
        () => this.#config.maxPacketBytes,
        () => this.#context.refused('oversized-packet'),
      )
      broker.handle(socket)
    })
    server.maxConnections = this.#config.maxConnections
    server.on('drop', () => this.#context.refused('too-many-connections'))
    try {
      this.#port = await listening(server, this.#config.listen)
      this.#context.log.info({ port: this.#port }, 'listening for MQTT')
      server.on('error', (error) => inbox.fail(new DriverError('listen', messageOf(error), error)))
      yield* inbox.batches()
    } finally {
      this.#port = undefined
      server.close()
      broker.close()
      for (const socket of sockets) socket.destroy()
    }
  }

  #brokerOptions(inbox: Inbox): AedesOptions {
    const { username, password } = this.#config
    return {
      concurrency: 1_000,
      connectTimeout: 10_000,
      drainTimeout: 10_000,
      maxTopicLevels,
      maxInflightInbound: maxHalfDone,
      maxClientsIdLength: 256,
      // MQTT 3.1.1, 3.1.3-7: a session that is to be kept needs a name; aedes lets it pass.
      preConnect: (_, packet, done) => done(null, packet.clientId !== '' || packet.clean === true),
      authenticate: (_, name, secret, done) => {
        const known = username === undefined || (name === username && equal(secret, password!))
        if (known) return done(null, true)
        this.#context.refused('wrong-credentials')
        done(
          Object.assign(new Error('bad user name or password'), {
            returnCode: badCredentials,
          }) as AuthenticateError,
          null,
        )
      },
      // aedes acknowledges after this and before it serves subscribers, so here is the place to wait for the disk.
      // An error would close the connection unacknowledged, and the device would send its poison again for ever.
      authorizePublish: (_, packet, done) => {
        packet.retain = false
        inbox.take(packet.topic, Buffer.from(packet.payload), () => done(null))
      },
      authorizeSubscribe: (_, __, done) => done(null, null),
    }
  }
}

/** Compares in a time that tells nothing of where the difference is. */
function equal(given: Buffer | undefined, expected: string): boolean {
  const digest = (content: Buffer | string) => createHash('sha256').update(content).digest()
  return given !== undefined && timingSafeEqual(digest(given), digest(expected))
}
