import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface Pace {
  readonly bytesPerS: number
  readonly delayMs: number
}

/** A TCP line of loopback that can be cut, held, refused and slowed. */
export class Wire {
  readonly #targetPort: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #holding = false
  #refusing = false
  #pace: Pace | undefined

  private constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer((near) => this.#join(near))
  }

  static async open(targetPort: number): Promise<Wire> {
    const wire = new Wire(targetPort)
    await new Promise<void>((resolve, reject) => {
      wire.#server.once('error', reject)
      wire.#server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    return wire
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Resets what is open; new connections pass. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Resets what is open and what comes, until `heal`. */
  refuse(): void {
    this.#refusing = true
    this.cut()
  }

  /** Nothing passes any more and nobody is told: a cable pulled. What is under way waits in the buffers of both ends. */
  hold(): void {
    this.#holding = true
    for (const socket of this.#sockets) socket.pause()
  }

  /** Everything takes so long, and no more passes, on each connection and in each direction. */
  slow(pace: Pace): void {
    this.#pace = pace
  }

  /** Everything passes again, also what was held. */
  heal(): void {
    this.#refusing = false
    this.#holding = false
    this.#pace = undefined
    for (const socket of this.#sockets) socket.resume()
  }

  async close(): Promise<void> {
    this.refuse()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #join(near: Socket): void {
    near.on('error', () => undefined)
    if (this.#refusing) {
      near.resetAndDestroy()
      return
    }
    const far = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true })
    near.setNoDelay(true)
    this.#carry(near, far)
    this.#carry(far, near)
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('error', () => undefined)
    from.once('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    const resume = () => {
      if (!this.#holding) from.resume()
    }
    from.on('data', (chunk: Buffer) => {
      const pace = this.#pace
      if (pace !== undefined) {
        from.pause()
        setTimeout(
          () => {
            to.write(chunk)
            resume()
          },
          pace.delayMs + (chunk.length * 1_000) / pace.bytesPerS,
        )
      } else if (!to.write(chunk)) {
        from.pause()
        to.once('drain', resume)
      }
    })
    if (this.#holding) from.pause()
  }
}
