import { Duplex } from 'node:stream'

/**
 * Watches the fixed headers of an MQTT byte stream (MQTT 3.1.1, 2.2): a packet is judged by its announced length, before
 * any of it is kept. Broker and client libraries alike would buffer up to 256 MB of it.
 */
export class PacketBound {
  readonly #maxBytes: number
  /** Bytes of the packet's body still to come; undefined inside a header. */
  #rest: number | undefined
  #headerBytes = 0
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** What is wrong with the next bytes, or undefined. */
  check(chunk: Uint8Array): string | undefined {
    for (let i = 0; i < chunk.length; ) {
      if (this.#rest !== undefined) {
        const step = Math.min(this.#rest, chunk.length - i)
        i += step
        this.#rest -= step
        if (this.#rest === 0) this.#rest = undefined
        continue
      }
      const byte = chunk[i++]!
      if (this.#headerBytes++ === 0) continue
      this.#length += (byte & 0x7f) * 128 ** (this.#headerBytes - 2)
      if (this.#length > this.#maxBytes) return `a packet of more than ${this.#maxBytes} bytes was announced`
      if (byte >= 0x80 && this.#headerBytes === 5) return 'malformed packet length'
      if (byte >= 0x80) continue
      this.#rest = this.#length === 0 ? undefined : this.#length
      this.#headerBytes = 0
      this.#length = 0
    }
    return undefined
  }
}

/** Emitted as `error` of a BoundedStream; the connection is closed with it. */
export class PacketTooLarge extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PacketTooLarge'
  }
}

/** A socket that ends itself when its peer announces a packet over the bound. Back-pressure passes both ways. */
export class BoundedStream extends Duplex {
  readonly #socket: Duplex
  readonly #bound: PacketBound

  constructor(socket: Duplex, maxPacketBytes: number) {
    super()
    this.#socket = socket
    this.#bound = new PacketBound(maxPacketBytes)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  #take(chunk: Buffer): void {
    const problem = this.#bound.check(chunk)
    if (problem !== undefined) this.destroy(new PacketTooLarge(problem))
    else if (!this.push(chunk)) this.#socket.pause()
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  /** Libraries write a packet in many small pieces: they leave as one. */
  override _writev(pieces: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(pieces.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
