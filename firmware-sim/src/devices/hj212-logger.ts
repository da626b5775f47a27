import { connect, createServer, type Socket } from 'node:net'
import { FarwatchError, messageOf } from '@farwatch/model'
import type { Clock, Logger, Service } from '@farwatch/runtime'
import { startService } from '@farwatch/runtime'
import { frame, localTime } from './hj212-frame.ts'

export interface LoggerOptions {
  readonly mn: string
  /** System code: 31 flue gas, 32 waste water. */
  readonly st: string
  readonly host: string
  /** Where it dials its host computer, or where it listens for it; 0 listens on any free port. */
  readonly port: number
}

/** A data logger (HJ 212-2017): what it sends, and where it keeps what has no answer yet. */
export interface Hj212Logger extends Service {
  readonly port: number
  /** Sends to whoever is connected; nobody is told what was sent to nobody. */
  tell(cn: string, area: string): void
  /** Sends until it is answered (9014), after a new connection too; the oldest of 500 goes first. */
  report(cn: string, area: string): void
}

const maxWaiting = 500
const retryMs = 5_000
const againMs = 30_000
const maxReadBytes = 4_096

/** A logger that dials its host, for ever. */
export function startDiallingLogger(
  options: LoggerOptions,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<Hj212Logger> {
  return startService(log, async (life) => {
    const outbox = new Outbox(options, clock)
    const { host, port } = options
    let cancel = () => {}
    let socket: Socket | undefined
    const dial = () => {
      socket = connect({ host, port, noDelay: true })
      socket.on('connect', () => outbox.serve(socket!))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        cancel = clock.after(retryMs, dial)
      })
    }
    dial()
    life.onStop('logger', () => {
      socket?.removeAllListeners('close').destroy()
      cancel()
    })
    life.onStop(
      'outbox',
      clock.every(againMs, () => outbox.sendAgain()),
    )
    return { port, tell: outbox.tell, report: outbox.report }
  })
}

/** A logger that its host dials. @throws FarwatchError `port-unavailable`. */
export function startListeningLogger(
  options: LoggerOptions,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<Hj212Logger> {
  return startService(log, async (life) => {
    const outbox = new Outbox(options, clock)
    const sockets = new Set<Socket>()
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      outbox.serve(socket)
    })
    server.maxConnections = 4
    const { host, port } = options
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new FarwatchError('port-unavailable', `HJ 212 ${host}:${port}: ${messageOf(cause)}`, { cause }),
        ),
      )
      server.listen({ host, port }, resolve)
    })
    life.onStop('logger', async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    })
    life.onStop(
      'outbox',
      clock.every(againMs, () => outbox.sendAgain()),
    )
    const address = server.address()
    const chosen = typeof address === 'object' && address !== null ? address.port : port
    return { port: chosen, tell: outbox.tell, report: outbox.report }
  })
}

/** Reports by the number of their request, until they are answered. */
class Outbox {
  readonly #options: LoggerOptions
  readonly #clock: Clock
  readonly #waiting = new Map<string, string>()
  readonly #sockets = new Set<Socket>()
  #count = 0

  constructor(options: LoggerOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    let read = ''
    socket.on('data', (chunk) => {
      const lines = (read + chunk.toString('latin1')).slice(-maxReadBytes).split('\r\n')
      read = lines.pop()!
      for (const line of lines) {
        const [, qn] = /^##\d{4}QN=(\d{17});ST=91;CN=9014;/.exec(line) ?? []
        if (qn !== undefined) this.#waiting.delete(qn)
      }
    })
    for (const sent of this.#waiting.values()) socket.write(sent)
  }

  sendAgain(): void {
    for (const sent of this.#waiting.values()) this.#write(sent)
  }

  readonly tell = (cn: string, area: string): void => this.#write(this.#frame(cn, area, 4).text)

  readonly report = (cn: string, area: string): void => {
    const { qn, text } = this.#frame(cn, area, 5)
    this.#waiting.set(qn, text)
    if (this.#waiting.size > maxWaiting) this.#waiting.delete(this.#waiting.keys().next().value!)
    this.#write(text)
  }

  /** Flag 4 is the version of 2017, 5 asks for an answer besides. */
  #frame(cn: string, area: string, flag: 4 | 5): { qn: string; text: string } {
    const qn = `${localTime(this.#clock.now())}${String(this.#count++ % 1_000).padStart(3, '0')}`
    const { st, mn } = this.#options
    return { qn, text: frame(`QN=${qn};ST=${st};CN=${cn};PW=123456;MN=${mn};Flag=${flag};CP=&&${area}&&`) }
  }

  #write(text: string): void {
    for (const socket of this.#sockets) socket.write(text)
  }
}
