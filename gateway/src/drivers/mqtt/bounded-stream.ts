import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { limitPacketSize } from '@farwatch/runtime'

/**
 * A socket for mqtt.js that ends when its peer announces a packet over the bound. The bound watches what is read, and
 * mqtt.js does not read but lets data flow, so this stands between. Back-pressure passes both ways.
 */
export class BoundedStream extends Duplex {
  readonly #socket: Socket
  #wanted = false

  constructor(socket: Socket, maxPacketBytes: number) {
    super()
    this.#socket = socket
    limitPacketSize(
      socket,
      () => maxPacketBytes,
      (bytes) => this.destroy(new PacketTooLarge(bytes, maxPacketBytes)),
    )
    socket.on('readable', () => this.#relay())
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  #relay(): void {
    while (this.#wanted) {
      const chunk: Buffer | null = this.#socket.read()
      if (chunk === null) return
      this.#wanted = this.push(chunk)
    }
  }

  override _read(): void {
    this.#wanted = true
    this.#relay()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  /** mqtt.js writes a packet in many small pieces: they leave as one. */
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

/** What a BoundedStream is destroyed with. */
export class PacketTooLarge extends Error {
  constructor(bytes: number, maxBytes: number) {
    super(`a packet of ${bytes} bytes was announced, at most ${maxBytes} bytes are taken`)
    this.name = 'PacketTooLarge'
  }
}
