import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchHash, generateKeyPem, noHash, sealBatch, signingKey } from '@farwatch/evidence'
import {
  type BatchMessage,
  type CentreRecord,
  decodeRecord,
  encodeBatch,
  Receipt,
  type Series,
  topics,
  type Verdict,
} from '@farwatch/model'
import {
  createMetrics,
  type Journal,
  type Logger,
  openJournal,
  type Service,
  silentLog,
  systemClock,
} from '@farwatch/runtime'
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, beforeEach, expect } from 'vitest'
import { Credentials } from './credentials.ts'
import { type Intake, startIntake } from './intake.ts'

/** Where tests stand: GW-1 speaks for E01, E10's device for itself. */
export const registry = {
  sites: [site('E01', 'GW-1', 'LEL01'), site('E10', undefined, 'pm10')],
}

function site(id: string, gateway: string | undefined, metric: string) {
  const name = { zh: id, en: id }
  const point = { metric, name, unit: '', type: 'number' as const, intervalS: 10, limits: [] }
  const device = { id: 'd', name, kind: 'sensor' as const, points: [point] }
  return { id, name, kind: 'other' as const, latitude: 33, longitude: 115, gateway, devices: [device] }
}

/** The intake of a centre, in a folder of its own for each test of the file that calls this. */
export function testCentre() {
  const clients: MqttClient[] = []
  const centre = {
    home: '',
    journal: undefined as unknown as Journal,
    credentials: undefined as unknown as Credentials,
    intake: undefined as unknown as Service & Intake,
    clients,
    start,
    stop,
    connect,
    records,
    refusals,
    counted,
    gateway,
  }
  let metrics = createMetrics()

  beforeEach(async () => {
    centre.home = await mkdtemp(join(tmpdir(), 'farwatch-intake-'))
    await start()
  })
  afterEach(async () => {
    await stop()
    await rm(centre.home, { recursive: true, force: true })
  })
  return centre

  async function start(onWarn?: (line: unknown) => void): Promise<void> {
    const log: Logger = onWarn === undefined ? silentLog : ({ ...silentLog, warn: onWarn } as Logger)
    centre.journal = await openJournal({ folder: join(centre.home, 'journal'), log: silentLog })
    centre.credentials = await Credentials.open(join(centre.home, 'credentials.json'))
    metrics = createMetrics()
    centre.intake = await startIntake(
      { host: '127.0.0.1', port: 0 },
      { ...centre, clock: systemClock, log, metrics, registry },
    )
  }

  async function stop(): Promise<void> {
    for (const client of clients.splice(0)) client.end(true)
    await centre.intake.stop()
    await centre.journal.close()
  }

  function connect(options: mqtt.IClientOptions = {}): Promise<MqttClient> {
    const client = mqtt.connect(`mqtt://127.0.0.1:${centre.intake.port}`, { reconnectPeriod: 0, ...options })
    clients.push(client)
    client.on('error', () => undefined)
    return new Promise((resolve, reject) => {
      client.once('connect', () => resolve(client))
      client.once('error', reject)
      client.once('close', () => reject(new Error('closed')))
    })
  }

  async function records(): Promise<CentreRecord[]> {
    return (await centre.journal.read(1, { records: 100_000 })).map(({ payload }) => decodeRecord(payload!))
  }

  async function refusals(): Promise<string[]> {
    return (await records()).flatMap((record) => (record.kind === 'quarantine' ? [record.reason] : []))
  }

  async function counted(reason: string): Promise<number> {
    const metric = await metrics.getSingleMetric('farwatch_refused_messages_total')?.get()
    return metric?.values.find(({ labels }) => labels.reason === reason)?.value ?? 0
  }

  /** Sends bytes as the gateway and resolves with the verdict that comes back. */
  async function gateway() {
    const password = await centre.credentials.enrolGateway('GW-1', key.publicKey)
    const client = await connect({ clientId: 'GW-1', username: 'GW-1', password })
    await client.subscribeAsync(topics.receipt('GW-1'), { qos: 1 })
    const verdicts: Verdict[] = []
    client.on('message', (_, payload) =>
      verdicts.push(...Receipt.parse(JSON.parse(payload.toString())).verdicts),
    )
    return {
      client,
      async send(message: BatchMessage | Uint8Array): Promise<Verdict | undefined> {
        const bytes = message instanceof Uint8Array ? message : encodeBatch(message)
        await client.publishAsync(topics.batch('GW-1'), Buffer.from(bytes), { qos: 1 })
        const before = verdicts.length
        if (before === 0) await expect.poll(() => verdicts.length, { timeout: 5_000 }).toBeGreaterThan(0)
        return verdicts.shift()
      },
      /** Sends in this order, all on their way at once, and resolves with the verdicts but for the gaps asked for. */
      async sendAll(messages: readonly BatchMessage[]): Promise<string[]> {
        await Promise.all(
          messages.map((one) =>
            client.publishAsync(topics.batch('GW-1'), Buffer.from(encodeBatch(one)), { qos: 1 }),
          ),
        )
        const judged = () => verdicts.flatMap(({ verdict }) => (verdict === 'gap' ? [] : [verdict]))
        await expect.poll(() => judged().length, { timeout: 10_000 }).toBe(messages.length)
        const all = judged()
        verdicts.length = 0
        return all
      },
      async declare(bytes: Uint8Array): Promise<Verdict | undefined> {
        await client.publishAsync(topics.loss('GW-1'), Buffer.from(bytes), { qos: 1 })
        await expect.poll(() => verdicts.length, { timeout: 5_000 }).toBeGreaterThan(0)
        return verdicts.shift()
      },
      verdicts,
    }
  }
}

/** The key of GW-1. */
export const key = signingKey(generateKeyPem())

/** One batch of GW-1, sealed, hung on the one before it. */
export function batch(
  seq: number,
  prev: BatchMessage | undefined,
  options: { point?: string; signer?: typeof key; value?: number } = {},
) {
  const series: Series = {
    point: options.point ?? 'E01/d/LEL01',
    timeSource: 'device',
    timesMs: Float64Array.of(Date.now()),
    values: Float64Array.of(options.value ?? seq),
    qualities: Uint16Array.of(0),
  }
  const hash = prev === undefined ? noHash : batchHash(prev)
  const place = {
    gateway: 'GW-1',
    chain: '00000000000000aa',
    boot: '00000000000000bb',
    seq,
    prev: hash,
    madeMs: 1,
    monotonicMs: 1,
  }
  return sealBatch([series], place, options.signer ?? key)
}

/** A chain of good batches, each hung on the one before it. */
export function batches(count: number, prev?: BatchMessage, from = 1, value?: number): BatchMessage[] {
  const all: BatchMessage[] = []
  for (let seq = from; seq < from + count; seq++) {
    all.push(batch(seq, all.at(-1) ?? prev, value === undefined ? {} : { value }))
  }
  return all
}
