import { connect, type Socket } from 'node:net'
import { FarwatchError } from '@farwatch/model'
import type { LoadMessage } from './load.ts'

export interface LoadConnectionOptions {
  readonly host: string
  readonly port: number
  readonly inFlight: number
  readonly clientId: string
  readonly credential: { readonly username: string; readonly password: string } | undefined
  readonly next: () => LoadMessage | undefined
  /** A topic whose messages are taken and acknowledged as well. */
  readonly subscribe?: string | undefined
}

/**
 * One MQTT 3.1.1 connection that publishes QoS 1 and acknowledges what it receives: far cheaper than a whole client, so
 * that a bench measures the broker and not its load.
 */
export class LoadConnection {
  readonly #options: LoadConnectionOptions
  readonly #socket: Socket
  readonly #opened = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<void>()
  #rest: Buffer = Buffer.alloc(0)
  #packetId = 0
  #inFlight = 0
  #exhausted = false
  acknowledged = 0

  constructor(options: LoadConnectionOptions) {
    this.#options = options
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true })
    this.#finished.promise.catch(() => undefined)
    this.#opened.promise.catch(() => undefined)
  }

  /** Resolves when the broker has accepted the connection. */
  open(): Promise<void> {
    const { clientId, credential } = this.#options
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new FarwatchError('load-failed', `${clientId}: closed`)))
    this.#socket.on('data', (chunk) => this.#take(chunk))
    this.#socket.write(connectPacket(clientId, credential))
    return this.#opened.promise
  }

  /** Resolves when every message has its acknowledgement. */
  publishAll(): Promise<void> {
    this.#fill()
    return this.#finished.promise
  }

  end(): void {
    this.#finished.resolve()
    this.#opened.resolve()
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (;;) {
      const body = bodyAt(bytes, at)
      if (body === undefined) break
      this.#packet(bytes[at]! >> 4, body)
      at = body.byteOffset - bytes.byteOffset + body.length
    }
    this.#rest = bytes.subarray(at)
    if (this.acknowledged > 0) this.#fill()
  }

  /** CONNACK, PUBACK, SUBACK or a PUBLISH of QoS 1 (MQTT 3.1.1, 3.2, 3.4, 3.9, 3.3). */
  #packet(kind: number, body: Buffer): void {
    const { subscribe } = this.#options
    if (kind === 4) {
      this.#inFlight--
      this.acknowledged++
    } else if (kind === 2) {
      if (body[1] !== 0) this.#fail(new FarwatchError('load-failed', `refused with return code ${body[1]}`))
      else if (subscribe === undefined) this.#opened.resolve()
      else this.#socket.write(subscribePacket(subscribe))
    } else if (kind === 9 && body[2] === 1) this.#opened.resolve()
    else if (kind === 3) {
      const id = 2 + body.readUInt16BE(0)
      this.#socket.write(Buffer.of(0x40, 2, body[id]!, body[id + 1]!))
    } else this.#fail(new FarwatchError('load-failed', `unexpected packet of kind ${kind}`))
  }

  #fill(): void {
    this.#socket.cork()
    while (!this.#exhausted && this.#inFlight < this.#options.inFlight) {
      const message = this.#options.next()
      if (message === undefined) this.#exhausted = true
      else {
        this.#inFlight++
        this.#packetId = (this.#packetId % 65_535) + 1
        this.#socket.write(publishHeader(message, this.#packetId))
        this.#socket.write(message.payload)
      }
    }
    this.#socket.uncork()
    if (this.#exhausted && this.#inFlight === 0) this.#finished.resolve()
  }

  #fail(error: Error): void {
    this.#opened.reject(error)
    this.#finished.reject(error)
    this.#socket.destroy()
  }
}

/** Seconds; a load is never quiet for so long, and a broker may refuse to do without. */
const keepAliveS = 600

/** CONNECT with a clean session (MQTT 3.1.1, 3.1). */
function connectPacket(clientId: string, credential: LoadConnectionOptions['credential']): Buffer {
  const flags = 0x02 | (credential === undefined ? 0 : 0xc0)
  const body = Buffer.concat([
    field('MQTT'),
    Buffer.of(4, flags, keepAliveS >> 8, keepAliveS & 0xff),
    field(clientId),
    ...(credential === undefined ? [] : [field(credential.username), field(credential.password)]),
  ])
  return Buffer.concat([Buffer.of(0x10), remainingLength(body.length), body])
}

/** SUBSCRIBE to one topic with QoS 1 (MQTT 3.1.1, 3.8). */
function subscribePacket(topic: string): Buffer {
  const body = Buffer.concat([Buffer.of(0, 1), field(topic), Buffer.of(1)])
  return Buffer.concat([Buffer.of(0x82), remainingLength(body.length), body])
}

/** What follows the fixed header of the packet at `at`; undefined while it has not come whole (MQTT 3.1.1, 2.2). */
function bodyAt(bytes: Buffer, at: number): Buffer | undefined {
  let length = 0
  for (let i = 1; at + i < bytes.length; i++) {
    const byte = bytes[at + i]!
    length += (byte & 0x7f) * 128 ** (i - 1)
    if (byte >= 0x80) continue
    const from = at + i + 1
    return from + length <= bytes.length ? bytes.subarray(from, from + length) : undefined
  }
  return undefined
}

/** Everything of a QoS 1 PUBLISH before its payload (MQTT 3.1.1, 3.3). */
function publishHeader({ topic, payload }: LoadMessage, packetId: number): Buffer {
  const name = field(topic)
  const length = remainingLength(name.length + 2 + payload.length)
  return Buffer.concat([Buffer.of(0x32), length, name, Buffer.of(packetId >> 8, packetId & 0xff)])
}

/** A string with its length before it (MQTT 3.1.1, 1.5.3). */
function field(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}

/** 7 bits a byte, the top bit set where more follow (MQTT 3.1.1, 2.2.3). */
function remainingLength(length: number): Buffer {
  const bytes: number[] = []
  let left = length
  do {
    const digit = left % 128
    left = Math.floor(left / 128)
    bytes.push(left > 0 ? digit | 0x80 : digit)
  } while (left > 0)
  return Buffer.from(bytes)
}
