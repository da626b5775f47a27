import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientToServer, type ServerToClient, topics } from '@farwatch/model'
import { openDatabase } from '@farwatch/runtime'
import { connectAsync } from 'mqtt'
import { io, type Socket } from 'socket.io-client'
import { startChild } from '../child.ts'
import { type Figure, figure, inWords, say } from '../figure.ts'
import { cityRegistry, cityRules } from '../ingest/city.ts'
import type { BackgroundOrder, BackgroundResult, FromBackground } from './background.ts'
import type { FromPlatform, PlatformOrder, Ready } from './platform.ts'
import { startReceiver } from './receiver.ts'

export interface LatencyOptions {
  /** Readings a second beside the measurement. */
  readonly load: number
  /** Crossings, one a point. */
  readonly samples: number
}

const site = 'ALARM'
const device = 'panel'
const limit = 100
/** Pause between two crossings; drawn anew each time, so that they do not keep step with the console's period. */
const pauseMs = { least: 20, most: 100 }
/** For the load to run evenly before the first crossing, and for the last alert to arrive. */
const settleMs = 2_000
const patienceMs = 15_000

/**
 * From the MQTT publish of a crossing to the alert at a page (socket.io) and at a webhook's receiver, through the whole
 * platform with its embedded database. Crossings come at their times whether or not those before them have arrived.
 */
export async function* benchLatency({ load, samples }: LatencyOptions): AsyncGenerator<Figure> {
  const home = await mkdtemp(join(tmpdir(), 'farwatch-latency-'))
  const pushed = new Map<string, number>()
  const shown = new Map<string, number>()
  const arrived = (where: Map<string, number>, subject: string) => {
    if (!where.has(subject)) where.set(subject, performance.now())
  }
  const receiver = await startReceiver((subject, kind) => {
    if (kind === 'alert.raised') arrived(pushed, subject)
  })
  const platform = startChild<PlatformOrder | 'stop', FromPlatform>(new URL('./platform.ts', import.meta.url))
  const background = startChild<BackgroundOrder | 'stop', FromBackground>(
    new URL('./background.ts', import.meta.url),
  )
  let page: Socket<ServerToClient, ClientToServer> | undefined
  try {
    say('latency')
    await configure(join(home, 'config'), { samples, webhook: receiver.url })
    platform.send({ home })
    const { url, mqttPort, database } = (await platform.receive()) as Ready
    const engine = `${database.engine} TimescaleDB ${database.timescaledb} ${database.edition} (PostgreSQL ${database.postgres})`
    page = io(url, { transports: ['websocket'], reconnection: false })
    const connected = Promise.withResolvers<void>()
    page.once('snapshot', () => connected.resolve())
    page.once('connect_error', (error) => connected.reject(error))
    page.on('delta', ({ alerts }) => {
      for (const { subject } of alerts) arrived(shown, subject)
    })
    await connected.promise
    background.send({ mqttPort, readingsPerSecond: load })
    await background.receive()
    await sleep(settleMs)

    const published = await cross(mqttPort, samples)
    const deadline = performance.now() + patienceMs
    while (performance.now() < deadline && (shown.size < samples || pushed.size < samples)) await sleep(20)
    background.send('stop')
    const { readings, seconds } = (await background.receive()) as BackgroundResult
    if (shown.size !== samples || pushed.size !== samples) {
      throw new Error(
        `${samples} crossings, ${shown.size} alerts shown and ${pushed.size} pushed within ${patienceMs / 1_000} s`,
      )
    }
    await written(url)
    platform.send('stop')
    await platform.receive()
    const counted = await count(join(home, 'data', 'database'))
    say(
      `  ${engine}; ${samples} crossings beside ${inWords(readings / seconds)} plain readings/s acknowledged (asked for: ` +
        `${inWords(load)}/s), 1,000 rules on all points; no export or login runs`,
    )
    say(
      `  counted by SQL: ${counted.alerts} of ${samples} alerts recorded when it stopped; ${inWords(counted.readings)} readings of ${inWords(readings + samples)} acknowledged`,
    )
    if (counted.readings < readings + samples)
      throw new Error('readings that were acknowledged are not in the database')
    say(
      '  included: publish, intake and its fsync, evaluation, the alert journal and its fsync, then the console gathering ' +
        'deltas for up to 200 ms and the page decoding them, or the signed webhook until its body is whole. All on one machine.',
    )
    const since = (arrivals: ReadonlyMap<string, number>) =>
      [...published].map(([subject, ms]) => arrivals.get(subject)! - ms).sort((a, b) => a - b)
    const [console, push] = [since(shown), since(pushed)]
    const base = { bench: 'latency', unit: 'ms', engine, samples }
    yield figure({ ...base, metric: 'console_p50_ms', value: percentile(console, 0.5) })
    yield figure({ ...base, metric: 'console_p99_ms', value: percentile(console, 0.99) })
    yield figure({ ...base, metric: 'push_p99_ms', value: percentile(push, 0.99) })
  } finally {
    page?.disconnect()
    await background.stop()
    await platform.stop()
    await receiver.stop()
    await rm(home, { recursive: true, force: true })
  }
}

/** The city of the ingest bench with its 1,000 rules, and one more site with a point for each crossing. */
async function configure(
  folder: string,
  { samples, webhook }: { samples: number; webhook: string },
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await cityRules(folder)
  const name = { zh: '名', en: 'name' }
  const points = Array.from({ length: samples }, (_, i) => ({ metric: metricOf(i), name }))
  const panel = {
    id: site,
    name,
    latitude: 33.85,
    longitude: 115.78,
    devices: [{ id: device, name, points }],
  }
  const registry = { sites: [...cityRegistry().sites, panel] }
  const when = { type: 'threshold', above: limit, durationS: 0 }
  const rule = { id: 'latency', level: 'red', title: name, for: { sites: [site] }, when }
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  await writeFile(join(folder, 'notify.yaml'), JSON.stringify({ webhooks: [{ url: webhook, secret }] }))
  await writeFile(join(folder, 'registry.yaml'), JSON.stringify(registry))
  await writeFile(join(folder, 'rules', 'latency.yaml'), JSON.stringify({ rules: [rule] }))
}

const metricOf = (sample: number) => `m${sample}`

/** When each subject's crossing was handed to the socket. */
async function cross(mqttPort: number, samples: number): Promise<ReadonlyMap<string, number>> {
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    clientId: 'crossing',
    reconnectPeriod: 0,
  })
  const published = new Map<string, number>()
  for (let i = 0; i < samples; i++) {
    await sleep(pauseMs.least + Math.random() * (pauseMs.most - pauseMs.least))
    const metric = metricOf(i)
    published.set(`${site}/${device}/${metric}`, performance.now())
    const message = JSON.stringify({ ts: Date.now(), values: { [metric]: limit + 50 } })
    client.publish(topics.telemetry(site, device), message, { qos: 1 })
  }
  await client.endAsync()
  return published
}

/** Resolves when the writer has nothing left to commit. */
async function written(url: string): Promise<void> {
  const until = performance.now() + patienceMs
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text()
    if (/^farwatch_writer_behind_records 0$/m.test(text)) return
    if (performance.now() > until) throw new Error(`the writer is still behind after ${patienceMs / 1_000} s`)
    await sleep(50)
  }
}

async function count(folder: string): Promise<{ readings: number; alerts: number }> {
  const database = await openDatabase({ folder })
  try {
    const [row] = await database.query<{ readings: number; alerts: number }>(
      'select (select count(*) from reading) as readings, (select count(*) from alert) as alerts',
    )
    return row!
  } finally {
    await database.close()
  }
}

/** The least value that at least this share of the samples does not exceed. */
function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.ceil(ascending.length * share) - 1]!
}
