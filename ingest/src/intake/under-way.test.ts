import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchHash, generateKeyPem, noHash, sealBatch, signingKey } from '@farwatch/evidence'
import { type BatchMessage, encodeBatch, FarwatchError, Receipt, topics, type Verdict } from '@farwatch/model'
import {
  createMetrics,
  type Journal,
  openJournal,
  type Service,
  silentLog,
  systemClock,
} from '@farwatch/runtime'
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Credentials } from './credentials.ts'
import { type Intake, startIntake } from './intake.ts'

const key = signingKey(generateKeyPem())
const chain = '00000000000000aa'

function batches(count: number): BatchMessage[] {
  const all: BatchMessage[] = []
  for (let seq = 1; seq <= count; seq++) {
    const before = all.at(-1)
    const place = {
      ...{ gateway: 'GW-1', chain, boot: '00000000000000bb', seq, madeMs: Date.now(), monotonicMs: seq },
      prev: before === undefined ? noHash : batchHash(before),
    }
    const series = {
      ...{ point: 'E01/d/LEL01', timeSource: 'device' as const, qualities: Uint16Array.of(0) },
      ...{ timesMs: Float64Array.of(Date.now()), values: Float64Array.of(seq) },
    }
    all.push(sealBatch([series], place, key))
  }
  return all
}

let home: string
let journal: Journal
let intake: Service & Intake
let client: MqttClient
let receipts: Verdict[][]
let acknowledged: number
/** Appends of batches that wait for their fsync, as intake sees it; each is settled by the test. */
let disk: { settle: () => void; fail: () => void }[]
let isSlow: boolean

/** The journal, on a disk as slow as the test wants. */
function slowly(real: Journal): Journal {
  const append = async (payload: Uint8Array): Promise<number> => {
    if (!isSlow) return real.append(payload)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fail = () => reject(new FarwatchError('journal-failed', 'the disk refused', { retryable: true }))
    disk.push({ settle: resolve, fail })
    await promise
    return real.append(payload)
  }
  return new Proxy(real, {
    get(target, name) {
      if (name === 'append') return append
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function start(): Promise<void> {
  disk = []
  receipts = []
  acknowledged = 0
  isSlow = false
  journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
  const credentials = await Credentials.open(join(home, 'credentials.json'))
  const password = await credentials.enrolGateway('GW-1', key.publicKey)
  const deps = { clock: systemClock, log: silentLog, metrics: createMetrics(), registry: { sites: [] } }
  intake = await startIntake(
    { host: '127.0.0.1', port: 0 },
    { ...deps, journal: slowly(journal), credentials, home },
  )
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${intake.port}`, {
    ...{ clientId: 'GW-1', username: 'GW-1', password, reconnectPeriod: 0 },
  })
  client.on('message', (_, payload) => {
    receipts.push([...Receipt.parse(JSON.parse(payload.toString())).verdicts])
  })
  client.on('packetreceive', ({ cmd }) => {
    if (cmd === 'puback') acknowledged++
  })
  await client.subscribeAsync(topics.receipt('GW-1'), { qos: 1 })
}

async function stop(): Promise<void> {
  isSlow = false
  for (const { settle } of disk) settle()
  client.end(true)
  await intake.stop()
  await journal.close()
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-under-way-'))
  await start()
})
afterEach(async () => {
  await stop()
  await rm(home, { recursive: true, force: true })
})

/** In one piece, so that the listener reads them at once. */
function sendAtOnce(messages: readonly BatchMessage[]): void {
  client.stream.cork()
  for (const one of messages) client.publish(topics.batch('GW-1'), Buffer.from(encodeBatch(one)), { qos: 1 })
  setImmediate(() => client.stream.uncork())
}

const answers = () =>
  receipts
    .flat()
    .map((one) => `${one.verdict} ${one.seq}${one.verdict === 'gap' ? ` from ${one.expected}` : ''}`)

test('J5 batches that follow one another wait for the disk together, unanswered, and share their receipt', async () => {
  const all = batches(12)
  isSlow = true
  sendAtOnce(all)
  await expect.poll(() => disk.length, { timeout: 10_000 }).toBe(12)
  expect({ acknowledged, receipts }).toEqual({ acknowledged: 0, receipts: [] })
  for (const { settle } of disk.splice(0)) settle()
  await expect.poll(() => answers().length, { timeout: 10_000 }).toBe(12)
  expect(receipts).toEqual([all.map((_, i) => ({ verdict: 'stored', seq: i + 1 }))])
  await expect.poll(() => acknowledged, { timeout: 10_000 }).toBe(12)
})

test('J2 what comes again while it is on its way to disk is answered when it is there', async () => {
  const all = batches(3)
  isSlow = true
  sendAtOnce([...all, all[1]!])
  await expect.poll(() => disk.length, { timeout: 10_000 }).toBe(3)
  expect(answers()).toEqual([])
  for (const { settle } of disk.splice(0)) settle()
  await expect.poll(answers, { timeout: 10_000 }).toEqual(['stored 1', 'stored 2', 'stored 3', 'duplicate 2'])
})

test('J2 a batch that the disk refused while those behind it were stored leaves a hole that is asked for, also after a restart', async () => {
  const all = batches(6)
  isSlow = true
  sendAtOnce(all.slice(0, 4))
  await expect.poll(() => disk.length, { timeout: 10_000 }).toBe(4)
  const [first, second, third, fourth] = disk.splice(0)
  first!.settle()
  await expect.poll(answers, { timeout: 10_000 }).toEqual(['stored 1'])
  second!.fail()
  await expect.poll(answers, { timeout: 10_000 }).toEqual(['stored 1', 'held 2'])
  third!.settle()
  fourth!.settle()
  await expect
    .poll(() => answers().slice(2, 5), { timeout: 10_000 })
    .toEqual(['stored 3', 'gap 3 from 2', 'stored 4'])
  await stop()
  await start()
  sendAtOnce([all[4]!, all[1]!, all[2]!, all[5]!])
  const judged = () => answers().filter((one) => !one.startsWith('gap'))
  await expect.poll(judged, { timeout: 10_000 }).toEqual(['stored 5', 'stored 2', 'duplicate 3', 'stored 6'])
})
