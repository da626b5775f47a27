import { createServer, type Socket } from 'node:net'
import { FarwatchError, messageOf } from '@farwatch/model'
import { type Service, startService } from '@farwatch/runtime'
import type { DeviceContext } from './device.ts'
import { answer, exception, type Registers } from './modbus-pdu.ts'

/** MBAP header with the unit id, and the longest PDU (MODBUS Messaging on TCP/IP, 3.1.3). */
const headerBytes = 7
const pduBytes = 253
const maxConnections = 64
/** A peer that sends nothing for so long is gone. */
const idleMs = 120_000

export interface ModbusServerOptions {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly unit: number
  /** The state of the unit's map for one request. */
  readonly registers: () => Registers
}

/**
 * A Modbus TCP device behind a serial gateway: other units than its own get exception 0x0B, as no device answers there.
 * @throws FarwatchError `port-unavailable`.
 */
export function startModbusServer(
  { host, port, unit, registers }: ModbusServerOptions,
  { log }: Pick<DeviceContext, 'log'>,
): Promise<Service & { readonly port: number }> {
  return startService(log, async (life) => {
    const sockets = new Set<Socket>()
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket)
      socket.setTimeout(idleMs, () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      serve(socket, (askedUnit, pdu) =>
        askedUnit === unit
          ? answer(pdu, registers())
          : Buffer.of((pdu[0] ?? 0) | 0x80, exception.gatewayTarget),
      )
    })
    server.maxConnections = maxConnections
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new FarwatchError('port-unavailable', `Modbus ${host}:${port}: ${messageOf(cause)}`, { cause }),
        ),
      )
      server.listen({ host, port }, resolve)
    })
    life.onStop('modbus server', async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    })
    const address = server.address()
    return { port: typeof address === 'object' && address !== null ? address.port : port }
  })
}

/** Cuts the byte stream into requests. What is no Modbus ends the connection. */
function serve(socket: Socket, reply: (unit: number, pdu: Buffer) => Buffer): void {
  let waiting: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    while (waiting.length >= headerBytes) {
      const length = waiting.readUInt16BE(4)
      if (waiting.readUInt16BE(2) !== 0 || length < 2 || length > pduBytes + 1) {
        socket.destroy()
        return
      }
      const end = headerBytes - 1 + length
      if (waiting.length < end) return
      const pdu = reply(waiting[6]!, waiting.subarray(headerBytes, end))
      const header = Buffer.from(waiting.subarray(0, headerBytes))
      header.writeUInt16BE(pdu.length + 1, 4)
      socket.write(Buffer.concat([header, pdu]))
      waiting = waiting.subarray(end)
    }
  })
}
