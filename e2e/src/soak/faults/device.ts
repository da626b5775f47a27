import { connect, type MqttClient } from 'mqtt'
import type { Entry, Ledger } from './ledger.ts'

/** Messages on their way at once: fewer than a gateway looks back for repeats. */
const inFlight = 10
const againAfterMs = 500

/** How a kind of device says what it measured, and where. */
export interface Dialect {
  readonly topic: (device: string) => string
  readonly payload: (timeMs: number, values: Readonly<Record<string, number>>) => string
}

export interface DeviceOptions {
  readonly id: string
  readonly port: () => number
  readonly dialect: Dialect
  readonly ledger: Ledger
  /** Value of each metric in the message of this number. */
  readonly values: (n: number) => Readonly<Record<string, number>>
}

/**
 * A simulated device that keeps every message until it holds its PUBACK and sends again, in order and unchanged, what it
 * holds none for whenever its connection broke.
 */
export class Device {
  readonly id: string
  readonly #options: DeviceOptions
  /** Not acknowledged yet, oldest first. */
  #waiting: (Entry & { done: boolean })[] = []
  /** How many of them this connection has been given. */
  #given = 0
  #client: MqttClient | undefined
  #timer: NodeJS.Timeout | undefined
  #ended = false
  #n = 0
  /** Messages that were sent more than once, because their acknowledgement did not come. */
  repeated = 0

  constructor(options: DeviceOptions) {
    this.id = options.id
    this.#options = options
  }

  /** Messages without an acknowledgement. */
  get open(): number {
    return this.#waiting.length
  }

  /** The next measurement: to be written down before `send`. */
  measure(timeMs: number): Entry & { readonly device: string } {
    return { device: this.id, n: ++this.#n, timeMs }
  }

  send({ n, timeMs }: Entry): void {
    this.#waiting.push({ n, timeMs, done: false })
    this.#pump()
  }

  connect(): void {
    if (this.#ended) return
    const client = connect({
      host: '127.0.0.1',
      port: this.#options.port(),
      clientId: this.id,
      clean: true,
      keepalive: 5,
      connectTimeout: 5_000,
      reconnectPeriod: 0,
    })
    this.#client = client
    client.on('error', () => undefined)
    client.once('connect', () => this.#pump())
    client.once('close', () => {
      client.end(true)
      if (this.#client !== client) return
      this.#client = undefined
      this.repeated += this.#given
      this.#given = 0
      if (!this.#ended) this.#timer = setTimeout(() => this.connect(), againAfterMs)
    })
  }

  /** Breaks the connection; the device comes again. */
  cut(): void {
    this.#client?.stream.destroy()
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#client?.end(true)
  }

  #pump(): void {
    const client = this.#client
    if (client?.connected !== true) return
    const { dialect, values } = this.#options
    while (this.#given < Math.min(inFlight, this.#waiting.length)) {
      const entry = this.#waiting[this.#given++]!
      const payload = dialect.payload(entry.timeMs, values(entry.n))
      client.publish(dialect.topic(this.id), payload, { qos: 1 }, (error) => {
        if (!error && this.#client === client) this.#acknowledged(entry)
      })
    }
  }

  #acknowledged(entry: Entry & { done: boolean }): void {
    entry.done = true
    this.#options.ledger.acknowledged(this.id, entry.n)
    while (this.#waiting[0]?.done === true) {
      this.#waiting.shift()
      this.#given--
    }
    this.#pump()
  }
}
