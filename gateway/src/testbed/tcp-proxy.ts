import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Between a driver and its peer, to cut, stall or watch what passes. */
export class TcpProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #stalled = false
  /** Bytes the driver has sent to its peer. */
  upBytes = 0

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect({ host: '127.0.0.1', port: targetPort })
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (chunk) => {
          if (from === near) this.upBytes += chunk.length
          if (!this.#stalled) to.write(chunk)
        })
        from.on('error', () => undefined)
        from.once('close', () => {
          this.#sockets.delete(from)
          if (!this.#stalled) to.destroy()
        })
      }
    })
  }

  static async open(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** From now on everything vanishes, though the connections stand: a cable pulled, a firewall that forgot. */
  stall(): void {
    this.#stalled = true
  }

  /** Closes what is open; new connections pass again. */
  cut(): void {
    this.#stalled = false
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** A peer that does with each connection whatever `behave` does. */
export async function listen(behave: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    behave(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** A port that nothing listens on: taken from the system and given back at once. */
export async function closedPort(): Promise<number> {
  const { port, close } = await listen((socket) => socket.destroy())
  await close()
  return port
}
