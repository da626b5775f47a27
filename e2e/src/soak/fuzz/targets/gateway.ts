import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import {
  Answered,
  DriverError,
  decodeModbus,
  ModbusAddress,
  ModbusConnection,
  MqttAddress,
  parsePayload,
  Ranges,
  Window,
} from '@farwatch/gateway/decoders'
import { isTime, Receipt } from '@farwatch/model'
import { type Clock, type Cursor, type Journal, silentLog, systemClock } from '@farwatch/runtime'
import { mutateBytes } from '../mutate/bytes.ts'
import { mutateJson } from '../mutate/json.ts'
import { mustHold, type Target, type TargetKind } from '../target.ts'
import { batches, batchMessages, startMs } from './samples.ts'

/** What the gateway reads: payloads of devices, replies of Modbus devices, receipts of the centre. */

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

const mappings = ['nh3.ppm', undefined, 'values.0', 'deep.a.b.c'].map((path, i) => ({
  key: `S/d/m${i}`,
  address: MqttAddress.parse({ topic: 't', ...(path === undefined ? {} : { path }) }),
}))

const payload: Target & { readonly share: number } = {
  name: 'mqtt-payload',
  share: 10,
  seeds: [
    json({ ts: startMs, nh3: { ppm: 12.5 }, values: [1, 2], deep: { a: { b: { c: true } } } }),
    json(5),
    json({ ts: '2026-11-23T08:00:00Z', nh3: { ppm: null } }),
  ],
  mutate: mutateJson,
  judge(input) {
    const { samples, problem } = parsePayload(input, mappings, startMs)
    mustHold(samples.length <= mappings.length, `${samples.length} samples`)
    mustHold(problem === undefined || problem.length <= 300, 'a problem that is too long')
    mustHold(samples.length > 0 || problem !== undefined, 'nothing taken and nothing said')
    for (const { timeMs, value } of samples) {
      mustHold(isTime(timeMs), `time ${timeMs}`)
      mustHold(value === null || Number.isFinite(value), `value ${value}`)
    }
    return samples.length > 0 ? 'accepted' : 'refused'
  },
}

const registers = { unit: 1, table: 'holding', start: 0, count: 4 } as const
const addresses = [
  { unit: 1, table: 'holding', register: 0, type: 'float64' },
  { unit: 1, table: 'holding', register: 2, type: 'int32', order: 'CDAB' },
  { unit: 1, table: 'holding', register: 3, type: 'uint16', bit: 5 },
].map((address) => ModbusAddress.parse(address))

/** A device that answers with the next reply, under the transaction of the request. */
async function openModbus(): Promise<Target> {
  let reply: Uint8Array = new Uint8Array(0)
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (request) => {
      const answer = Buffer.from(reply)
      if (answer.length >= 2) request.copy(answer, 0, 0, 2)
      // What is not a whole answer is not waited for.
      socket.end(answer)
    })
  })
  const port = await listening(server)
  const options = { timeoutMs: 10_000, clock: systemClock, signal: new AbortController().signal }
  return {
    name: 'modbus-reply',
    // MBAP header, unit, function 3, byte count, 4 registers; and an exception.
    seeds: [Buffer.from('00000000000b0103083ff8000000000020', 'hex')],
    mutate: mutateBytes,
    async judge(input) {
      reply = input
      const connection = await ModbusConnection.open({ host: '127.0.0.1', port }, options)
      try {
        const answer = await connection.read(registers)
        if (answer.kind !== 'data') return 'refused'
        const { length } = answer.bytes
        mustHold(length === 2 * registers.count, `${length} bytes for ${registers.count} registers`)
        for (const address of addresses) decodeModbus(address, answer.bytes, address.register)
        return 'accepted'
      } catch (error) {
        if (error instanceof DriverError) return 'refused'
        throw error
      } finally {
        connection.close()
      }
    },
    async finish() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const chain = '00000000000000aa'

/** Nothing is saved here: time stands still. */
const clock: Clock = { ...systemClock, monotonicMs: () => 0, after: () => () => undefined }

/** Enough of a journal for a window: it asks where it ends and begins. */
const journal = { first: 1, next: batches.length + 1 } as Journal

const receipts: Target & { readonly share: number } = {
  name: 'receipt',
  share: 8,
  seeds: [
    json({ v: 1, chain, verdicts: [{ verdict: 'stored', seq: 1 }] }),
    json({
      v: 1,
      chain,
      verdicts: [
        { verdict: 'duplicate', seq: 1 },
        { verdict: 'rejected', seq: 2, reason: 'x' },
      ],
    }),
    json({
      v: 1,
      chain,
      verdicts: [
        { verdict: 'gap', seq: 3, expected: 2 },
        { verdict: 'held', seq: 2, reason: 'y' },
      ],
    }),
    json({ v: 1, chain, verdicts: [{ verdict: 'forked', seq: 1, reason: 'z' }] }),
  ],
  mutate: mutateJson,
  judge(input) {
    let position = 1
    const cursor: Cursor = {
      get position() {
        return position
      },
      advance(to) {
        mustHold(to > position, `the cursor goes from ${position} back to ${to}`)
        position = to
      },
    }
    const parts = { journal, clock, log: silentLog }
    const place = { cursor, folder: '', path: '', ranges: new Ranges([{ from: 1, until: 1 }]) }
    const acknowledged = new Answered({ ...parts, ...place })
    const window = new Window({ ...parts, answered: acknowledged, bytesPerSecond: Number.POSITIVE_INFINITY })
    for (let drawn = window.draw(); drawn !== undefined; drawn = window.draw())
      window.sent({ position: drawn.position, payload: batchMessages[drawn.position - 1]! })
    window.receive(input)
    const answered = settledBy(input)
    for (let seq = 1; seq < position; seq++)
      mustHold(answered?.has(seq) ?? false, `batch ${seq} is forgotten without a verdict`)
    for (let seq = position; seq < journal.next; seq++)
      if (acknowledged.has(seq)) mustHold(answered?.has(seq) ?? false, `batch ${seq} is taken for answered`)
    return answered === undefined ? 'refused' : 'accepted'
  },
}

/** Sequences that a receipt, read on its own, settles for good; undefined where it is none of this chain. */
function settledBy(input: Uint8Array): Set<number> | undefined {
  try {
    const receipt = Receipt.parse(JSON.parse(Buffer.from(input).toString()))
    if (receipt.chain !== chain) return undefined
    return new Set(
      receipt.verdicts
        .filter(({ verdict }) => ['stored', 'duplicate', 'rejected'].includes(verdict))
        .map(({ seq }) => seq),
    )
  } catch {
    return undefined
  }
}

export const gateway: readonly TargetKind[] = [
  { name: payload.name, share: payload.share, open: () => payload },
  { name: receipts.name, share: receipts.share, open: () => receipts },
  { name: 'modbus-reply', share: 2, open: openModbus },
]
