import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { messageOf } from '@farwatch/model'
import { type IClientOptions, MqttClient } from 'mqtt'
import { type Driver, type DriverContext, DriverError, type Point, type Sample } from '../../driver.ts'
import type { MqttAddress } from './address.ts'
import { BoundedStream, PacketTooLarge } from './bounded-stream.ts'
import { Inbox } from './inbox.ts'
import type { MqttConfig } from './index.ts'
import { takeMany } from './take-many.ts'

/** The gateway as a client of a broker that the enterprise has already. */
export class MqttClientDriver implements Driver {
  readonly #config: MqttConfig & { readonly url: string }
  readonly #points: readonly Point<MqttAddress>[]
  readonly #context: DriverContext
  /** Set by an oversized message: the broker would send it first of all, again and again, were its queue kept. */
  #forgetQueue = false

  constructor(
    config: MqttConfig & { readonly url: string },
    points: readonly Point<MqttAddress>[],
    context: DriverContext,
  ) {
    this.#config = config
    this.#points = points
    this.#context = context
  }

  async *run(signal: AbortSignal): AsyncGenerator<readonly Sample[]> {
    if (signal.aborted) return
    const inbox = new Inbox(this.#points, this.#context, signal)
    const client = this.#connect(inbox)
    try {
      await this.#linked(client, inbox)
      this.#forgetQueue = false
      yield* inbox.batches()
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      client.end(true)
      client.stream.destroy()
    }
  }

  #connect(inbox: Inbox): MqttClient {
    const { url, username, password, timeoutMs } = this.#config
    const options: IClientOptions = {
      protocolVersion: 4,
      // A name and a kept session: what the devices publish while the gateway is away waits in the broker.
      clientId: `farwatch-${this.#context.gateway}-${this.#context.link}`,
      clean: this.#forgetQueue,
      keepalive: Math.max(1, Math.ceil((3 * timeoutMs) / 1_000)),
      connectTimeout: timeoutMs,
      // The supervisor reconnects, with this driver's `run`.
      reconnectPeriod: 0,
      ...(username === undefined ? {} : { username, password }),
    }
    const client = new MqttClient(() => this.#stream(inbox), options)
    client.handleMessage = takeMany(client, inbox)
    client.on('error', (error) =>
      inbox.fail(new DriverError('refused', `${url}: ${messageOf(error)}`, error)),
    )
    client.on('close', () => inbox.fail(new DriverError('lost', `${url} closed the connection`)))
    return client
  }

  #stream(inbox: Inbox): BoundedStream {
    const { url, maxPacketBytes } = this.#config
    const stream = new BoundedStream(socketTo(url), maxPacketBytes)
    stream.on('error', (error) => {
      if (error instanceof PacketTooLarge) {
        this.#context.refused('oversized-packet')
        this.#forgetQueue = true
      }
      inbox.fail(new DriverError('lost', `${url}: ${messageOf(error)}`, error))
    })
    return stream
  }

  /** Connected, and, where the broker kept no session for us, every topic granted. */
  async #linked(client: MqttClient, inbox: Inbox): Promise<void> {
    const { url, timeoutMs } = this.#config
    const late = Promise.withResolvers<never>()
    late.promise.catch(() => undefined)
    const cancel = this.#context.clock.after(timeoutMs, () =>
      late.reject(new DriverError('timeout', `${url} did not let us in within ${timeoutMs} ms`)),
    )
    try {
      const connected = new Promise<boolean>((resolve) =>
        client.once('connect', ({ sessionPresent }) => resolve(sessionPresent)),
      )
      const resumed = await Promise.race([connected, late.promise, inbox.end])
      const subscribed = this.#subscribe(client, inbox.topics)
      // In a kept session the messages that waited come first, and the answer to this after them.
      if (resumed) subscribed.catch((error: unknown) => inbox.fail(error))
      else await Promise.race([subscribed, late.promise, inbox.end])
    } finally {
      cancel()
    }
  }

  async #subscribe(client: MqttClient, topics: string[]): Promise<void> {
    const { url } = this.#config
    const granted = await new Promise<readonly number[]>((resolve, reject) =>
      client.subscribe(topics, { qos: 1 }, (error, _, packet) => {
        if (packet !== undefined) resolve(packet.granted.map(Number))
        else reject(new DriverError('lost', `${url}: ${messageOf(error)}`, error))
      }),
    )
    const refused = topics.filter((_, i) => granted[i] === 128)
    if (refused.length === topics.length)
      throw new DriverError('security', `${url} refused every subscription: ${refused.join(', ')}`)
    if (refused.length > 0) this.#context.report(`${url} refused to subscribe ${refused.join(', ')}`)
  }
}

function socketTo(url: string): Socket {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (protocol === 'mqtts:')
    return connectTls({ host, port: port === '' ? 8_883 : Number(port), servername: host })
  return connectTcp({ host, port: port === '' ? 1_883 : Number(port), noDelay: true, keepAlive: true })
}
