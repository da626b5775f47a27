import { FarwatchError, messageOf } from '@farwatch/model'
import type { Clock, Logger, Service } from '@farwatch/runtime'
import { connect, type MqttClient } from 'mqtt'

export interface Credential {
  readonly username: string
  readonly password: string
}

export interface PublisherOptions {
  /** `mqtt://host:port` */
  readonly url: string
  readonly clientId: string
  readonly credential?: Credential | undefined
  /** What may wait for a connection or its acknowledgement; beyond it the oldest goes. */
  readonly bounds?: { readonly messages: number; readonly bytes: number }
}

interface Waiting {
  readonly topic: string
  readonly payload: Buffer
  readonly retain: boolean
  sent: boolean
}

const inFlight = 16
const shortestPauseMs = 250
const longestPauseMs = 5_000

/**
 * A device's way to a broker: MQTT 3.1.1, QoS 1, an outbox of its own and a new connection for ever. A message leaves the
 * outbox on its acknowledgement; each connection begins with the oldest one that has none, so order is kept and
 * duplicates are possible.
 */
export class Publisher implements Service {
  readonly #options: PublisherOptions
  readonly #clock: Clock
  readonly #log: Logger
  readonly #stop = new AbortController()
  readonly #outbox: Waiting[] = []
  #outboxBytes = 0
  #client: MqttClient | undefined
  #running: Promise<void> | undefined
  /** Messages that the broker has acknowledged. */
  acknowledged = 0
  /** Messages that a full outbox has lost. */
  dropped = 0

  constructor(options: PublisherOptions, { clock, log }: { clock: Clock; log: Logger }) {
    this.#options = options
    this.#clock = clock
    this.#log = log.child({ client: options.clientId })
  }

  start(): void {
    this.#running ??= this.#run()
  }

  get waiting(): number {
    return this.#outbox.length
  }

  publish(topic: string, payload: string | Uint8Array, { retain = false } = {}): void {
    const bytes = Buffer.from(payload as Uint8Array)
    const bounds = this.#options.bounds ?? { messages: 1_000, bytes: 8_000_000 }
    this.#outbox.push({ topic, payload: bytes, retain, sent: false })
    this.#outboxBytes += bytes.length
    while (this.#outbox.length > bounds.messages || this.#outboxBytes > bounds.bytes) {
      this.#outboxBytes -= this.#outbox.shift()!.payload.length
      this.dropped++
    }
    this.#pump()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    let pauseMs = shortestPauseMs
    let told = false
    while (!signal.aborted) {
      try {
        await this.#connectedLife(() => {
          this.#log.info({ url: this.#options.url, dropped: this.dropped }, 'connected')
          pauseMs = shortestPauseMs
          told = false
        })
      } catch (error) {
        if (!told && !signal.aborted)
          this.#log.info({ problem: messageOf(error) }, 'no connection, trying on')
        told = true
      }
      await this.#clock.sleep(pauseMs, signal).catch(() => undefined)
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    }
  }

  /** Returns when the connection has ended, throws when there was none. */
  async #connectedLife(onConnected: () => void): Promise<void> {
    const { url, clientId, credential } = this.#options
    const client = connect(url, {
      clientId,
      ...credential,
      protocolVersion: 4,
      clean: true,
      keepalive: 15,
      connectTimeout: 5_000,
      reconnectPeriod: 0,
      queueQoSZero: false,
    })
    const end = () => client.end(true)
    this.#stop.signal.addEventListener('abort', end)
    try {
      let problem: Error | undefined
      client.on('error', (error) => {
        problem = error
      })
      client.on('connect', () => {
        onConnected()
        for (const message of this.#outbox) message.sent = false
        this.#client = client
        this.#pump()
      })
      await new Promise<void>((resolve) => client.once('close', resolve))
      if (this.#client === undefined) throw problem ?? new FarwatchError('no-connection', `${url} closed`)
    } finally {
      this.#client = undefined
      this.#stop.signal.removeEventListener('abort', end)
      end()
    }
  }

  #pump(): void {
    const client = this.#client
    if (client === undefined) return
    for (const message of this.#outbox.slice(0, inFlight)) {
      if (message.sent) continue
      message.sent = true
      client.publish(message.topic, message.payload, { qos: 1, retain: message.retain }, (error) => {
        if (error || this.#client !== client) return
        this.#forget(message)
        this.#pump()
      })
    }
  }

  #forget(message: Waiting): void {
    const place = this.#outbox.indexOf(message)
    if (place === -1) return
    this.#outbox.splice(place, 1)
    this.#outboxBytes -= message.payload.length
    this.acknowledged++
  }
}
