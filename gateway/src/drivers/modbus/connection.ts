import { connect, type Socket } from 'node:net'
import { messageOf } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import modbusSerial from 'modbus-serial'
import { DriverError } from '../../driver.ts'
import type { HostPort } from '../../host-port.ts'
import { isBitTable, type Table } from './address.ts'

export type Reply =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'exception'; readonly code: number }
  /** No answer in time. The socket stays open: other units may well speak. */
  | { readonly kind: 'silence' }

export interface ConnectionOptions {
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

const ModbusRTU = modbusSerial.default
type ModbusRTU = InstanceType<typeof ModbusRTU>

type Callback = (error: unknown, result?: { buffer: Buffer }) => void
const functions = { coil: 'writeFC1', discrete: 'writeFC2', holding: 'writeFC3', input: 'writeFC4' } as const

/**
 * One TCP connection on which one request is under way at a time. The socket is ours and not the library's, so that
 * connecting is bounded in time, abort takes effect at once, and a loss is seen while nothing is asked.
 */
export class ModbusConnection {
  readonly #socket: Socket
  readonly #client: ModbusRTU
  /** Rejects when the socket closes, for whatever reason. */
  readonly #lost: Promise<never>

  private constructor(socket: Socket, client: ModbusRTU, lost: Promise<never>) {
    this.#socket = socket
    this.#client = client
    this.#lost = lost
  }

  /** @throws DriverError `refused` or `timeout`; on abort `lost`. */
  static async open({ host, port }: HostPort, options: ConnectionOptions): Promise<ModbusConnection> {
    const { timeoutMs, clock, signal } = options
    const place = `${host}:${port}`
    const socket = connect({ host, port, noDelay: true, keepAlive: true })
    const destroy = () => socket.destroy()
    signal.addEventListener('abort', destroy, { once: true })
    let cause: unknown
    socket.on('error', (error) => {
      cause = error
    })
    const lost = new Promise<never>((_, reject) => {
      socket.once('close', () => {
        signal.removeEventListener('abort', destroy)
        reject(
          new DriverError('lost', `${place} closed the connection${cause ? `: ${messageOf(cause)}` : ''}`),
        )
      })
    })
    // Whoever waits for an answer races with it; with nobody waiting a loss is found at the next request.
    lost.catch(() => undefined)
    if (signal.aborted) socket.destroy()
    let late = false
    const cancel = clock.after(timeoutMs, () => {
      late = true
      socket.destroy()
    })
    try {
      await Promise.race([new Promise<void>((resolve) => socket.once('connect', resolve)), lost])
    } catch {
      if (late) throw new DriverError('timeout', `${place} did not accept within ${timeoutMs} ms`)
      throw new DriverError('refused', `${place} cannot be reached: ${messageOf(cause ?? 'closed')}`, cause)
    } finally {
      cancel()
    }
    const client = new ModbusRTU()
    client.on('error', () => undefined)
    await client.linkTCP(socket, { port })
    client.setTimeout(timeoutMs)
    return new ModbusConnection(socket, client, lost)
  }

  /** Reads `count` registers or bits. @throws DriverError `lost` or `rubbish`. */
  async read(request: { unit: number; table: Table; start: number; count: number }): Promise<Reply> {
    const { unit, table, start, count } = request
    const expected = isBitTable(table) ? Math.ceil(count / 8) : 2 * count
    const answer = new Promise<Reply>((resolve, reject) => {
      const callback: Callback = (error, result) => {
        const { modbusCode, errno } = (error ?? {}) as { modbusCode?: number; errno?: string }
        if (result?.buffer.length === expected) resolve({ kind: 'data', bytes: result.buffer })
        else if (result !== undefined)
          // What is missing would be read as zero.
          reject(new DriverError('rubbish', `${result.buffer.length} bytes of data, expected ${expected}`))
        else if (modbusCode !== undefined) resolve({ kind: 'exception', code: modbusCode })
        else if (errno === 'ETIMEDOUT') resolve({ kind: 'silence' })
        // The library's word for a closed socket, of which `lost` tells more.
        else if (errno !== 'ECONNREFUSED')
          reject(new DriverError('rubbish', `not a Modbus answer: ${messageOf(error)}`, error))
      }
      this.#client[functions[table]](unit, start, count, callback)
    })
    answer.catch(() => undefined)
    return await Promise.race([answer, this.#lost])
  }

  close(): void {
    this.#client.destroy(() => undefined)
    this.#socket.destroy()
  }
}
