import { execFile } from 'node:child_process'
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { batchHash, generateKeyPem, noHash, sealBatch, sign1, signingKey } from '@farwatch/evidence'
import {
  type BatchMessage,
  type CentreRecord,
  Delivery,
  decodeRecord,
  encodeBatch,
  encodeLoss,
  type LossDeclaration,
  Receipt,
  type Series,
  seriesOf,
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
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectionBounds } from './connections.ts'
import { Credentials } from './credentials.ts'
import { type Intake, startIntake } from './intake.ts'

const registry = {
  sites: [site('E01', 'GW-1', 'LEL01'), site('E10', undefined, 'pm10')],
}

function site(id: string, gateway: string | undefined, metric: string) {
  const name = { zh: id, en: id }
  const point = { metric, name, unit: '', type: 'number' as const, intervalS: 10, limits: [] }
  const device = { id: 'd', name, kind: 'sensor' as const, points: [point] }
  return { id, name, kind: 'other' as const, latitude: 33, longitude: 115, gateway, devices: [device] }
}

let home: string
let journal: Journal
let credentials: Credentials
let intake: Service & Intake
let metrics = createMetrics()
const clients: MqttClient[] = []

async function start(onWarn?: (line: unknown) => void): Promise<void> {
  const log: Logger = onWarn === undefined ? silentLog : ({ ...silentLog, warn: onWarn } as Logger)
  journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
  credentials = await Credentials.open(join(home, 'credentials.json'))
  metrics = createMetrics()
  intake = await startIntake(
    { host: '127.0.0.1', port: 0 },
    { clock: systemClock, log, metrics, journal, registry, credentials, home },
  )
}

async function stop(): Promise<void> {
  for (const client of clients.splice(0)) client.end(true)
  await intake.stop()
  await journal.close()
}

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-intake-'))
  await start()
})
afterEach(async () => {
  await stop()
  await rm(home, { recursive: true, force: true })
})

function connect(options: mqtt.IClientOptions = {}): Promise<MqttClient> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${intake.port}`, { reconnectPeriod: 0, ...options })
  clients.push(client)
  client.on('error', () => undefined)
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client))
    client.once('error', reject)
    client.once('close', () => reject(new Error('closed')))
  })
}

async function records(): Promise<CentreRecord[]> {
  return (await journal.read(1, { records: 100_000 })).map(({ payload }) => decodeRecord(payload!))
}

async function refusals(): Promise<string[]> {
  return (await records()).flatMap((record) => (record.kind === 'quarantine' ? [record.reason] : []))
}

async function counted(reason: string): Promise<number> {
  const metric = await metrics.getSingleMetric('farwatch_refused_messages_total')?.get()
  return metric?.values.find(({ labels }) => labels.reason === reason)?.value ?? 0
}

const key = signingKey(generateKeyPem())

function batch(
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

/** Sends bytes as the gateway and resolves with the verdict that comes back. */
async function gateway() {
  const password = await credentials.enrolGateway('GW-1', key.publicKey)
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

describe('plain telemetry', () => {
  test('F3 a PUBACK comes only for what is in the journal', async () => {
    const client = await connect()
    await client.publishAsync(topics.telemetry('E10', 'd'), '{"pm10": 55}', { qos: 1 })
    const [record] = await records()
    expect(record?.kind).toBe('telemetry')
    expect(seriesOf(record!)[0]).toMatchObject({ point: 'E10/d/pm10', timeSource: 'arrival' })
    await journal.close()
    let acknowledged = false
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
    client.publish(topics.telemetry('E10', 'd'), '{"pm10": 56}', { qos: 1 }, (error) => {
      acknowledged = error == null
    })
    await closed
    expect(acknowledged).toBe(false)
    expect(intake.problem).toMatch(/closed/)
  })

  test('F3 the journal may forget what devices without a gateway have sent', async () => {
    const client = await connect()
    const [cursor, sealed] = [await journal.cursor('intake'), await journal.cursor('seal')]
    for (let i = 0; i < 3; i++) {
      await client.publishAsync(topics.telemetry('E10', 'd'), `{"pm10": ${i}}`, { qos: 1 })
    }
    await intake.stop()
    expect(sealed.position).toBe(journal.next)
    expect(cursor.position).toBeGreaterThanOrEqual(journal.next - 1)
  })

  test('F8 malformed payloads, NaN, unknown topics, stamps in 2036 and before 2000 are refused, counted, kept, and harm nobody', async () => {
    const client = await connect()
    const publish = (topic: string, payload: string | Buffer) =>
      client.publishAsync(topic, payload, { qos: 1 })
    await publish('telemetry/E10/d', '{"pm10": NaN}')
    await publish('telemetry/E10/d', 'pm10=5')
    await publish('telemetry/E10/d', '{"pm10": "high"}')
    await publish('telemetry/E10/d', '{}')
    await publish('telemetry/E10/d', `{"ts": ${Date.UTC(2036, 1, 7)}, "values": {"pm10": 5}}`)
    await publish('telemetry/E10/d', '{"ts": 1000, "values": {"pm10": 5}}')
    await publish('telemetry/E10/d', '{"ts": 9000000000000000, "values": {"pm10": 5}}')
    await publish('telemetry/E10/d', '{"__proto__": 5, "a b": 1}')
    await publish('telemetry/E01/d', '{"LEL01": 99}')
    await publish('somewhere/else', '1')
    await publish('farwatch/v1/GW-1/batch', 'x')
    await publish('telemetry/E10/d', Buffer.alloc(70_000, 0x20))
    expect((await refusals()).map((reason) => reason.split(':')[0])).toEqual([
      'malformed-payload',
      'malformed-payload',
      'malformed-payload',
      'malformed-payload',
      'implausible-time',
      'implausible-time',
      'malformed-payload',
      'malformed-payload',
      'foreign-point',
      'foreign-topic',
      'foreign-topic',
      'too-large',
    ])
    await publish('telemetry/E10/d', '{"pm10": 55}')
    expect((await records()).at(-1)?.kind).toBe('telemetry')
    expect(await counted('malformed-payload')).toBe(6)
  })

  test('F8 nothing is acknowledged and then left out: names and times that no reader could take are refused', async () => {
    const client = await connect()
    await client.publishAsync('telemetry/E10/d', '{"__proto__": 5, "pm10": 6}', { qos: 1 })
    await client.publishAsync('telemetry/E10/d', '{"values": {"__proto__": 5, "pm10": 6}}', { qos: 1 })
    const seen = {
      id: 'a',
      camera: 'gate',
      label: 'person',
      frame_time: Date.now() / 1000,
      start_time: 1e300,
    }
    await client.publishAsync('frigate/events', JSON.stringify({ type: 'new', after: seen }), { qos: 1 })
    expect((await records()).map(({ kind }) => kind)).toEqual(['quarantine', 'quarantine', 'quarantine'])
  })

  test('F3 a device that asks for no keep-alive is let in', async () => {
    const client = await connect({ keepalive: 0 })
    await client.publishAsync('telemetry/E10/d', '{"pm10": 55}', { qos: 1 })
    expect((await records())[0]?.kind).toBe('telemetry')
  })

  test('F8 an unknown point is taken as unregistered, a flood of them is bounded', async () => {
    const client = await connect()
    await client.publishAsync('telemetry/NEW/thing', '{"so2": 12.3}', { qos: 1 })
    expect((await records())[0]?.kind).toBe('telemetry')
    for (let i = 0; i < 3; i++) {
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, k) => [`m${i * 400 + k}`, 1]))
      await client.publishAsync('telemetry/NEW/liar', JSON.stringify(many), { qos: 1 })
    }
    expect(await refusals()).toEqual([
      expect.stringMatching(/foreign-point: NEW\/liar has sent 1000 unregistered points/),
    ])
  })

  test('F3 the journal forgets plain telemetry too, though no gateway ever sends a batch', async () => {
    const client = await connect()
    for (let i = 0; i < 5; i++)
      await client.publishAsync(topics.telemetry('E10', 'd'), `{"pm10": ${i}}`, { qos: 1 })
    await stop()
    journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
    expect((await journal.cursor('intake')).position).toBeGreaterThan(5)
    await journal.close()
    await start()
  })

  test('F8 a flood of refused messages fills neither disk nor log', async () => {
    const lines: unknown[] = []
    await stop()
    await start((line) => lines.push(line))
    const payload = Buffer.alloc(900_000)
    const client = await connect()
    await Promise.all(Array.from({ length: 20 }, () => client.publishAsync('x/batch', payload, { qos: 1 })))
    expect(journal.bytes).toBeLessThan(20 * 70_000)
    await Promise.all(Array.from({ length: 20 }, () => client.publishAsync('x/batch', payload, { qos: 1 })))
    for (let i = 0; i < 500; i += 50) {
      const strangers = Array.from({ length: 50 }, (_, k) =>
        connect({ clientId: `c${i + k}`, username: 'u'.repeat(10_000), password: 'wrong' }).catch(() => 0),
      )
      await Promise.all(strangers)
    }
    expect(await counted('not-authenticated')).toBe(500)
    expect(JSON.stringify(lines).length).toBeLessThan(200_000)
  })

  test('F8 a flood of pictures is bounded, so that readings do not wait behind it', async () => {
    const client = await connect()
    const picture = Buffer.alloc(1_000_000)
    picture.set([0xff, 0xd8, 0xff])
    const names = Array.from({ length: 60 }, (_, i) => `frigate/camera${i % 30}/person/snapshot`)
    await Promise.all(names.map((name) => client.publishAsync(name, picture, { qos: 1 })))
    // The minute may have turned once.
    expect(journal.bytes).toBeLessThan(2 * 21 * 1024 * 1024)
    expect(await counted('too-many-pictures')).toBeGreaterThanOrEqual(60 - 2 * 20)
    await client.publishAsync(topics.telemetry('E10', 'd'), '{"pm10": 1}', { qos: 1 })
    const [last] = await journal.read(journal.next - 1)
    expect(decodeRecord(last!.payload!).kind).toBe('telemetry')
  })

  test('F8 J6 a packet of 100 MB is refused at its header, others go on', async () => {
    const other = await connect()
    const socket = connectTcp(intake.port, '127.0.0.1')
    const connectPacket = Buffer.from([
      0x10, 0x0f, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 3, 0x62, 0x69, 0x67,
    ])
    socket.write(connectPacket)
    await new Promise((resolve) => socket.once('data', resolve))
    let sent = 0
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => undefined)
    socket.write(Buffer.from([0x32, 0x80, 0xc2, 0xd7, 0x2f]))
    const chunk = Buffer.alloc(64 * 1024)
    const pump = () => {
      while (!socket.destroyed && sent < 100_000_000) {
        sent += chunk.length
        if (!socket.write(chunk)) return void socket.once('drain', pump)
      }
    }
    pump()
    await closed
    expect(sent).toBeLessThan(100_000_000)
    expect(await counted('too-large')).toBe(1)
    await other.publishAsync('telemetry/E10/d', '{"pm10": 55}', { qos: 1 })
  })

  test('F8 a stranger cannot send more than a CONNECT holds', async () => {
    const socket = connectTcp(intake.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0x7f, 0, 4]))
    await new Promise<void>((resolve) => socket.once('close', () => resolve()))
    expect(await counted('too-large')).toBe(1)
  })

  test('J6 one credential holds so many connections and no more: refused with a reason, counted, others let in', async () => {
    const password = await credentials.enrolDevice('station', 'E10')
    const other = await credentials.enrolDevice('other', 'E10')
    const as = (username: string, secret: string) => connect({ username, password: secret })
    const { perUser } = connectionBounds
    await Promise.all(Array.from({ length: perUser }, () => as('station', password)))
    await expect(as('station', password)).rejects.toMatchObject({ code: 3 })
    expect(await counted('too-many-connections')).toBe(1)
    await (await as('other', other)).publishAsync('telemetry/E10/d', '{"pm10": 55}', { qos: 1 })
    await clients[0]!.endAsync()
    await expect
      .poll(
        () =>
          as('station', password).then(
            () => true,
            () => false,
          ),
        { timeout: 5_000 },
      )
      .toBe(true)
  })

  test('F6 mosquitto_pub is taken, and closed out once a device has credentials', async (context) => {
    const publish = (...more: string[]) =>
      promisify(execFile)('mosquitto_pub', [
        '-h',
        '127.0.0.1',
        '-p',
        String(intake.port),
        '-q',
        '1',
        '-t',
        'telemetry/E10/d',
        '-m',
        '{"pm10": 12.3}',
        ...more,
      ])
    try {
      await publish()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || process.env.CI === 'true') throw error
      return context.skip('mosquitto_pub is not installed')
    }
    expect((await records())[0]?.kind).toBe('telemetry')
    const password = await credentials.enrolDevice('station', 'E10')
    await expect(publish()).rejects.toThrow()
    await expect(publish('-u', 'station', '-P', 'wrong')).rejects.toThrow()
    await publish('-u', 'station', '-P', password)
    expect(await records()).toHaveLength(2)
    expect(await counted('not-authenticated')).toBe(2)
  })
})

describe('gateways', () => {
  test('F8 wrong password, another id, a stolen client id and foreign topics are refused', async () => {
    const password = await credentials.enrolGateway('GW-1', key.publicKey)
    await credentials.enrolGateway('GW-2')
    await expect(connect({ username: 'GW-1', clientId: 'GW-1', password: 'guess' })).rejects.toThrow()
    await expect(connect({ username: 'GW-1', clientId: 'GW-2', password })).rejects.toThrow()
    await expect(connect({ clientId: 'GW-1' })).rejects.toThrow()
    await expect(connect({ username: '__proto__', clientId: 'x', password: 'x' })).rejects.toThrow()
    const client = await connect({ username: 'GW-1', clientId: 'GW-1', password })
    await client.publishAsync(topics.batch('GW-2'), 'x', { qos: 1 })
    await client.publishAsync('telemetry/E10/d', '{"pm10": 1}', { qos: 1 })
    expect((await refusals()).map((reason) => reason.split(':')[0])).toEqual([
      'foreign-topic',
      'foreign-topic',
    ])
    const granted = await client.subscribeAsync(topics.receipt('GW-2')).catch(() => [{ qos: 128 }])
    expect(granted[0]?.qos).toBe(128)
  })

  test('J2 batches are stored in any order, duplicates recognised, gaps asked for', async () => {
    const { send, verdicts } = await gateway()
    const one = batch(1, undefined)
    const two = batch(2, one)
    const three = batch(3, two)
    expect(await send(two)).toEqual({ verdict: 'stored', seq: 2 })
    expect(verdicts.shift()).toEqual({ verdict: 'gap', seq: 2, expected: 1 })
    expect(await send(one)).toEqual({ verdict: 'stored', seq: 1 })
    expect(await send(one)).toEqual({ verdict: 'duplicate', seq: 1 })
    expect(await send(three)).toEqual({ verdict: 'stored', seq: 3 })
    expect(await send(two)).toEqual({ verdict: 'duplicate', seq: 2 })
    expect((await records()).map(({ kind }) => kind)).toEqual(['batch', 'batch', 'batch'])
  })

  test('F3 after a restart a gateway counts as offline until it speaks again', async () => {
    await gateway()
    await stop()
    await start()
    expect((await records()).at(-1)).toMatchObject({ kind: 'gateway-status', gateway: 'GW-1' })
    expect(JSON.parse(Buffer.from((await records()).at(-1)!.bytes).toString())).toMatchObject({
      online: false,
    })
  })

  test('F3 the chain goes on after a restart, from the journal alone', async () => {
    let sender = await gateway()
    const one = batch(1, undefined)
    await sender.send(one)
    const two = batch(2, one)
    await stop()
    await start()
    sender = await gateway()
    expect(await sender.send(one)).toEqual({ verdict: 'duplicate', seq: 1 })
    expect(await sender.send(two)).toEqual({ verdict: 'stored', seq: 2 })
    await stop()
    await rm(join(home, 'chains.json'))
    await start()
    sender = await gateway()
    expect(await sender.send(two)).toEqual({ verdict: 'duplicate', seq: 2 })
  })

  test('F3 forged, foreign, broken and rubbish batches are refused with their reason and kept', async () => {
    const { send, client } = await gateway()
    const foreign = batch(1, undefined, { point: 'E10/d/pm10' })
    const two = batch(2, foreign)
    const stranger = signingKey(generateKeyPem())
    expect(await send(batch(1, undefined, { signer: stranger }))).toMatchObject({ verdict: 'held' })
    expect(await send(foreign)).toMatchObject({
      verdict: 'rejected',
      reason: 'E10/d/pm10 belongs to no gateway, not to GW-1',
    })
    expect(await send(two)).toMatchObject({ verdict: 'stored' })
    expect(await send(batch(3, batch(2, foreign, { value: 7 })))).toMatchObject({ verdict: 'forked' })
    expect(await send(batch(2, foreign, { value: 7 }))).toMatchObject({
      verdict: 'forked',
      reason: expect.stringMatching(/another batch/),
    })
    const altered = encodeBatch(batch(3, two))
    altered[altered.length - 3]! ^= 1
    expect(await send(altered)).toMatchObject({ verdict: 'held', seq: 3 })
    await client.publishAsync(topics.batch('GW-1'), Buffer.of(1), { qos: 1 })
    await expect
      .poll(async () => (await refusals()).map((reason) => reason.split(':')[0]), { timeout: 5_000 })
      .toEqual(['foreign-point', 'malformed-batch', 'malformed-batch'])
    expect(await counted('forked-chain')).toBe(2)
    expect(await send(batch(3, two))).toMatchObject({ verdict: 'stored' })
  })

  test('F3 the chain goes on behind a refused batch, also after a crash', async () => {
    const foreign = batch(1, undefined, { point: 'E10/d/pm10' })
    let sender = await gateway()
    expect(await sender.send(foreign)).toMatchObject({ verdict: 'rejected' })
    await stop()
    await rm(join(home, 'chains.json'))
    await start()
    sender = await gateway()
    expect(await sender.send(batch(2, foreign))).toEqual({ verdict: 'stored', seq: 2 })
  })

  test('J6 a batch that cannot be read is asked for again, refused for good the third time, and does not end the chain', async () => {
    let { send } = await gateway()
    const one = batch(1, undefined)
    const torn = { ...one, series: [one.series[0]!.subarray(1)] }
    for (const verdict of ['held', 'held', 'rejected'])
      expect(await send(torn)).toMatchObject({
        verdict,
        seq: 1,
        reason: expect.stringMatching(/bad-series|canonical/),
      })
    expect((await refusals()).map((reason) => reason.split(':')[0])).toEqual([
      'malformed-batch',
      'malformed-batch',
      'malformed-in-place',
    ])
    await stop()
    await rm(join(home, 'chains.json'))
    await start()
    send = (await gateway()).send
    expect(await send(batch(2, one))).toEqual({ verdict: 'stored', seq: 2 })
  })

  test('J6 a batch that was altered on the way is stored when it comes again as it was', async () => {
    const { send } = await gateway()
    const one = batch(1, undefined)
    const altered = encodeBatch(one)
    altered[altered.length - 3]! ^= 1
    expect(await send(altered)).toMatchObject({ verdict: 'held', seq: 1 })
    expect(await send(one)).toEqual({ verdict: 'stored', seq: 1 })
  })

  test('F3 a batch that differs from the one stored in its place, however far back, is never called a duplicate', async () => {
    const { send } = await gateway()
    const one = batch(1, undefined)
    const two = batch(2, one)
    for (const message of [one, two, batch(3, two)])
      expect(await send(message)).toMatchObject({ verdict: 'stored' })
    expect(await send(batch(1, undefined, { value: 7 }))).toMatchObject({ verdict: 'forked', seq: 1 })
    expect(await send(one)).toMatchObject({ verdict: 'duplicate', seq: 1 })
    await stop()
    await start()
    const { send: after } = await gateway()
    expect(await after(batch(2, one, { value: 7 }))).toMatchObject({ verdict: 'forked', seq: 2 })
    expect(await after(two)).toMatchObject({ verdict: 'duplicate', seq: 2 })
  })

  /** A chain of good batches, each hung on the one before it. */
  function batches(count: number, prev?: BatchMessage, from = 1, value?: number): BatchMessage[] {
    const all: BatchMessage[] = []
    for (let seq = from; seq < from + count; seq++) {
      all.push(batch(seq, all.at(-1) ?? prev, value === undefined ? {} : { value }))
    }
    return all
  }

  function declaration(range: Partial<LossDeclaration> & Pick<LossDeclaration, 'from' | 'to'>, signer = key) {
    const place = { gateway: 'GW-1', chain: '00000000000000aa' }
    const loss = {
      v: 1 as const,
      kind: 'loss' as const,
      ...place,
      reason: 'bytes' as const,
      madeMs: 1,
      ...range,
    }
    return sign1(encodeLoss(loss), signer)
  }

  test('J2 reordered and overlapping replays are stored once each, whatever was there', async () => {
    const { sendAll } = await gateway()
    const all = batches(8)
    const order = [8, 3, 4, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 1]
    const seen = await sendAll(order.map((seq) => all[seq - 1]!))
    expect(seen.map((verdict) => verdict.slice(0, 1)).join('')).toBe('sssssddsddssdd')
    expect(await records()).toHaveLength(8)
  })

  test.each([5, 500])(
    'J2 a gateway restored from an old disk image, %i batches back, is told that it forked, and nothing of it is taken',
    async (back) => {
      const sender = await gateway()
      const all = batches(505)
      await sender.sendAll(all)
      const from = all.length - back + 1
      const twin = batches(2, all[from - 2], from, -1)
      expect(await sender.send(twin[0]!)).toMatchObject({ verdict: 'forked', seq: from })
      expect(await sender.send(twin[1]!)).toMatchObject({ verdict: 'forked', seq: from + 1 })
      await stop()
      await start()
      const { send } = await gateway()
      expect(await send(twin[0]!)).toMatchObject({ verdict: 'forked', seq: from })
      expect(await send(all[from - 1]!)).toMatchObject({ verdict: 'duplicate', seq: from })
      expect((await records()).filter(({ kind }) => kind === 'batch')).toHaveLength(all.length)
    },
  )

  test('J2 two gateways with one key and one folder: the first of each place is stored, the other told that it forked', async () => {
    const { send } = await gateway()
    const [one] = batches(1)
    await send(one!)
    const [mine, other] = [batches(3, one, 2, 10), batches(3, one, 2, 20)]
    expect(await send(mine[0]!)).toMatchObject({ verdict: 'stored' })
    expect(await send(other[0]!)).toMatchObject({ verdict: 'forked' })
    expect(await send(mine[1]!)).toMatchObject({ verdict: 'stored' })
    expect(await send(other[1]!)).toMatchObject({ verdict: 'forked' })
    expect(await send(other[2]!)).toMatchObject({ verdict: 'forked' })
    expect(await counted('forked-chain')).toBe(3)
  })

  test('J2 a centre restored from an older copy takes what comes now and asks for what it misses', async () => {
    let sender = await gateway()
    const all = batches(12)
    for (const message of all.slice(0, 4)) await sender.send(message)
    await stop()
    await cp(home, `${home}-copy`, { recursive: true })
    await start()
    sender = await gateway()
    for (const message of all.slice(4, 9)) await sender.send(message)
    await stop()
    await rm(home, { recursive: true })
    await rename(`${home}-copy`, home)
    await start()
    sender = await gateway()
    expect(await sender.send(all[9]!)).toEqual({ verdict: 'stored', seq: 10 })
    expect(sender.verdicts.shift()).toEqual({ verdict: 'gap', seq: 10, expected: 5 })
    for (const message of all.slice(4, 9))
      expect(await sender.send(message)).toMatchObject({ verdict: 'stored' })
    expect(await sender.send(all[10]!)).toEqual({ verdict: 'stored', seq: 11 })
    expect(sender.verdicts).toEqual([])
  })

  test('J2 a declared loss is put down once, and a batch that comes after all is stored', async () => {
    const { send, sendAll, declare } = await gateway()
    const all = batches(9)
    const hash = (seq: number) => batchHash(all[seq - 1]!)
    await sendAll([all[0]!, all[8]!])
    const lost = declaration({ from: 2, to: 8, prev: hash(1), last: hash(8), readings: 7 })
    expect(await declare(lost)).toEqual({ verdict: 'declared', from: 2, seq: 8 })
    expect(await declare(lost)).toEqual({ verdict: 'declared', from: 2, seq: 8 })
    expect((await records()).map(({ kind }) => kind)).toEqual(['batch', 'batch', 'loss'])
    expect(await send(all[4]!)).toEqual({ verdict: 'stored', seq: 5 })
    expect(await send(all[4]!)).toEqual({ verdict: 'duplicate', seq: 5 })
    expect(await send(batch(6, all[3]))).toMatchObject({ verdict: 'forked' })
  })

  test('J2 a false declaration is refused: forged, foreign, contradicting what is stored, rubbish', async () => {
    const { send, declare, client } = await gateway()
    for (const message of batches(3)) await send(message)
    const wrong = new Uint8Array(32).fill(7)
    expect(await declare(declaration({ from: 4, to: 6, prev: wrong }))).toMatchObject({
      verdict: 'declared',
      problem: 'the hash of batch 3 is another one than it says',
    })
    expect(await declare(declaration({ from: 1, to: 2, last: wrong }))).toMatchObject({
      problem: 'the hash of batch 2 is another one than it says',
    })
    expect(await declare(declaration({ from: 4, to: 6, gateway: 'GW-2' }))).toMatchObject({
      problem: 'signed as GW-2, sent by GW-1',
    })
    const forged = declaration({ from: 4, to: 6 })
    forged[forged.length - 1]! ^= 1
    expect(await declare(forged)).toMatchObject({ problem: 'the signature does not match' })
    await client.publishAsync(topics.loss('GW-1'), 'x', { qos: 1 })
    const stranger = signingKey(generateKeyPem())
    await client.publishAsync(topics.loss('GW-1'), Buffer.from(declaration({ from: 4, to: 6 }, stranger)), {
      qos: 1,
    })
    expect((await refusals()).map((reason) => reason.split(':')[0])).toEqual([
      'contradicted-loss',
      'contradicted-loss',
      'forged',
      'forged',
      'malformed-loss',
    ])
    expect(await counted('loss-not-taken')).toBe(1)
    expect((await records()).some(({ kind }) => kind === 'loss')).toBe(false)
  })

  test('J2 two gateways with one name that end each other’s connection in turn show as such in what the console reads', async () => {
    const password = await credentials.enrolGateway('GW-1', key.publicKey)
    const sender = { clientId: 'GW-1', username: 'GW-1', password }
    for (let i = 0; i < 4; i++) await connect(sender)
    await stop()
    await start()
    const [told] = (await records()).flatMap((one) =>
      one.kind === 'delivery' ? [Delivery.parse(JSON.parse(Buffer.from(one.bytes).toString()))] : [],
    )
    expect(told).toMatchObject({ gateway: 'GW-1', twin: { sign: 'taken-over' } })
  })

  test('F3 a key is trusted on first use, a second one is not', async () => {
    const password = await credentials.enrolGateway('GW-1')
    const client = await connect({ clientId: 'GW-1', username: 'GW-1', password })
    const status = (publicKey: string) => JSON.stringify({ v: 1, online: true, publicKey })
    await client.publishAsync(topics.status('GW-1'), status(key.publicKey), { qos: 1 })
    await client.publishAsync(topics.status('GW-1'), status(signingKey(generateKeyPem()).publicKey), {
      qos: 1,
    })
    expect(credentials.keysOf('GW-1').map(({ keyId }) => keyId)).toEqual([key.keyId])
  })
})

test('F8 a port in use is named, with what to do', async () => {
  const second = startIntake(
    { host: '127.0.0.1', port: intake.port },
    { clock: systemClock, log: silentLog, metrics: createMetrics(), journal, registry, credentials, home },
  )
  await expect(second).rejects.toMatchObject({
    code: 'port-in-use',
    message: expect.stringMatching(/--mqtt PORT/),
  })
})
