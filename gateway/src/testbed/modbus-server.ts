import type { Socket } from 'node:net'
import { type Listener, listen } from './tcp-proxy.ts'

export interface Request {
  readonly unit: number
  readonly code: number
  readonly start: number
  readonly count: number
}

/** A small Modbus TCP responder whose map has holes: what is not in it is answered with exception 2. */
export class ModbusServer {
  readonly #listener: Promise<Listener>
  #port = 0
  /** `unit/code/address` → register or bit. */
  readonly values = new Map<string, number>()
  /** Units that never answer. */
  readonly silent = new Set<number>()
  /** Answered instead of data, by unit. */
  readonly exceptions = new Map<number, number>()
  readonly requests: Request[] = []

  private constructor() {
    this.#listener = listen((socket) => this.#serve(socket))
  }

  static async open(): Promise<ModbusServer> {
    const server = new ModbusServer()
    server.#port = (await server.#listener).port
    return server
  }

  get port(): number {
    return this.#port
  }

  async close(): Promise<void> {
    await (await this.#listener).close()
  }

  /** Puts registers in the holding table, from `start` on. */
  holding(unit: number, start: number, ...registers: number[]): void {
    this.table(3, unit, start, ...registers)
  }

  table(code: number, unit: number, start: number, ...values: number[]): void {
    for (const [i, value] of values.entries()) this.values.set(`${unit}/${code}/${start + i}`, value)
  }

  #serve(socket: Socket): void {
    let rest = Buffer.alloc(0)
    socket.setNoDelay()
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (; rest.length >= 12; rest = rest.subarray(12))
        this.#answer(socket, Buffer.from(rest.subarray(0, 12)))
    })
  }

  #answer(socket: Socket, frame: Buffer): void {
    const request = {
      unit: frame[6]!,
      code: frame[7]!,
      start: frame.readUInt16BE(8),
      count: frame.readUInt16BE(10),
    }
    this.requests.push(request)
    const { unit, code, start, count } = request
    if (this.silent.has(unit)) return
    const found = Array.from({ length: count }, (_, i) => this.values.get(`${unit}/${code}/${start + i}`))
    const tooMany = count > (code <= 2 ? 2_000 : 125)
    const exception = this.exceptions.get(unit) ?? (tooMany ? 3 : found.includes(undefined) ? 2 : 0)
    const pdu =
      exception === 0
        ? Buffer.from([code, ...withLength(code <= 2 ? bits(found as number[]) : words(found as number[]))])
        : Buffer.from([code | 0x80, exception])
    const head = Buffer.from(frame.subarray(0, 7))
    head.writeUInt16BE(pdu.length + 1, 4)
    socket.write(Buffer.concat([head, pdu]))
  }
}

function withLength(bytes: number[]): number[] {
  return [bytes.length, ...bytes]
}

function words(registers: number[]): number[] {
  return registers.flatMap((register) => [register >> 8, register & 0xff])
}

function bits(values: number[]): number[] {
  const bytes: number[] = Array.from({ length: Math.ceil(values.length / 8) }, () => 0)
  for (const [i, value] of values.entries()) bytes[i >> 3]! |= (value & 1) << (i & 7)
  return bytes
}
