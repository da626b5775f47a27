import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A raw TCP client, or one end of an accepted socket, that writes what it is told and keeps what it reads. */
export class RawLogger {
  readonly socket: Socket
  #read = ''
  closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#read += chunk.toString('latin1')
    })
    socket.on('close', () => {
      this.closed = true
    })
    socket.on('error', () => undefined)
  }

  static async dial(port: number): Promise<RawLogger> {
    const socket = connect({ host: '127.0.0.1', port })
    const logger = new RawLogger(socket)
    onTestFinished(() => {
      socket.destroy()
    })
    await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()))
    return logger
  }

  /** Lines read so far, without their ends. */
  get lines(): string[] {
    return this.#read.split('\r\n').filter((line) => line !== '')
  }

  /** Writes frames as they stand, each with its CRLF. */
  send(...frames: string[]): void {
    this.socket.write(Buffer.from(frames.map((frame) => `${frame}\r\n`).join(''), 'latin1'))
  }
}
