import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { generateKeyPem, signingKey } from '@farwatch/evidence'
import { Credentials } from '@farwatch/ingest'
import { topics } from '@farwatch/model'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { endCommand, type RunningPlatform, startUp } from './command.ts'
import { HandMadeGateway, reading } from './hand-made-gateway.ts'

/** One running centre; in every case a good neighbour's readings go on being stored beside what is bad. */

const patient = { timeout: 180_000 }
const neighbourPoint = 'E01/d/level'

let home: string
let platform: RunningPlatform
let credentials: Credentials
let bad: HandMadeGateway
let device: MqttClient
let neighbour: ReturnType<typeof keepSending>

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-bad-input-'))
  await mkdir(join(home, 'config'))
  const site = (id: string, gateway: string) =>
    `  - { id: ${id}, name: { zh: ${id}, en: ${id} }, kind: other, latitude: 33, longitude: 115, gateway: ${gateway}, devices: [] }\n`
  await writeFile(
    join(home, 'config/registry.yaml'),
    `sites:\n${site('E01', 'GW-GOOD')}${site('E02', 'GW-BAD')}`,
  )
  platform = await startUp(['--home', home, '--no-sim', '--http', '0', '--mqtt', '0'])
  credentials = await Credentials.open(join(home, 'credentials.json'))
  bad = await enrolled('GW-BAD')
  device = await mqtt.connectAsync(`mqtt://127.0.0.1:${platform.mqttPort}`, {
    clientId: 'device',
    reconnectPeriod: 0,
  })
  neighbour = keepSending(await enrolled('GW-GOOD'))
}, 120_000)

afterAll(async () => {
  await neighbour?.stop()
  await bad?.close()
  await device?.endAsync(true)
  await endCommand(platform)
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

let storedBefore = 0
beforeEach(() => {
  storedBefore = neighbour.stored
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(platform.stderr())
  if (neighbour.hasStopped) return expect(neighbour.problem).toBeUndefined()
  // A case may be over sooner than the neighbour's next reading; that one must be stored all the same.
  await expect.poll(() => neighbour.stored, { timeout: 10_000 }).toBeGreaterThan(storedBefore)
  expect(neighbour.problem).toBeUndefined()
})

async function enrolled(name: string): Promise<HandMadeGateway> {
  return HandMadeGateway.open(platform.mqttPort, name, await credentials.enrolGateway(name))
}

/** One signed reading after another, each of which must be stored. */
function keepSending(gateway: HandMadeGateway) {
  const state = { stored: 0, problem: undefined as string | undefined }
  let going = true
  const run = (async () => {
    while (going) {
      const batch = gateway.seal([reading(neighbourPoint, state.stored)])
      const verdict = await gateway.send(batch)
      if (verdict.verdict !== 'stored') state.problem ??= JSON.stringify(verdict)
      gateway.follow(batch)
      state.stored++
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })().catch((error) => {
    state.problem ??= String(error)
  })
  return {
    get stored() {
      return state.stored
    },
    get problem() {
      return state.problem
    },
    get hasStopped() {
      return !going
    },
    async stop() {
      going = false
      await run
      await gateway.close()
    },
  }
}

async function get<T>(path: string): Promise<T> {
  const answer = await fetch(new URL(path, platform.url))
  expect(answer.status, path).toBe(200)
  return (await answer.json()) as T
}

interface Refused {
  readonly topic: string
  readonly client: string
  readonly reason: string
  readonly size: number
}

/** Waits until quarantine tells, among the newest, of one for this reason. */
async function quarantined(reason: RegExp, size?: number): Promise<Refused> {
  let found: Refused | undefined
  await expect
    .poll(
      async () => {
        const newest = await get<Refused[]>('/api/quarantine?limit=50')
        found = newest.find((one) => reason.test(one.reason) && one.size === (size ?? one.size))
        return found?.reason
      },
      { timeout: 30_000, message: `${reason} in quarantine` },
    )
    .toBeDefined()
  return found!
}

async function refusedFor(reason: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', platform.url))).text()
  return Number(
    new RegExp(`^farwatch_refused_messages_total\\{reason="${reason}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0,
  )
}

/** Does what must be refused for this reason so many times; resolves when the counter says so. */
async function counted(reason: string, times: number, work: () => Promise<unknown>): Promise<void> {
  const before = await refusedFor(reason)
  await work()
  await expect.poll(() => refusedFor(reason), { timeout: 30_000 }).toBe(before + times)
}

const telemetry = (payload: string | Buffer, topic = 'telemetry/NEW/d') =>
  device.publishAsync(topic, payload, { qos: 1 })

/** Resident memory of the centre's process. */
async function rssMb(): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', `${platform.pid}`])
  return Number(stdout) / 1024
}

test('J6 a forged signature is refused, whoever made it', patient, async () => {
  const good = bad.seal([reading('E02/d/a', 1)])
  const forged = { ...good, sign1: Uint8Array.from(good.sign1) }
  forged.sign1[forged.sign1.length - 1]! ^= 1
  await counted('forged', 1, async () =>
    expect(await bad.send(forged)).toMatchObject({
      verdict: 'rejected',
      reason: 'the signature does not match',
    }),
  )
  expect(await quarantined(/^forged: the signature/)).toMatchObject({ client: 'GW-BAD' })
  const stranger = bad.seal([reading('E02/d/a', 1)], {}, signingKey(generateKeyPem()))
  expect(await bad.send(stranger)).toMatchObject({
    verdict: 'held',
    reason: expect.stringMatching(/not enrolled/),
  })
  expect(await bad.send(good)).toMatchObject({ verdict: 'stored', seq: 1 })
  bad.follow(good)
})

test('J6 a replay is a duplicate, under another name it is refused', patient, async () => {
  const batch = bad.seal([reading('E02/d/a', 2)])
  expect(await bad.send(batch)).toMatchObject({ verdict: 'stored' })
  bad.follow(batch)
  expect(await bad.send(batch)).toMatchObject({ verdict: 'duplicate', seq: 2 })
  const thief = await enrolled('GW-THIEF')
  onTestFinished(() => thief.close())
  await counted('forged', 1, async () =>
    expect(await thief.send(batch)).toMatchObject({
      verdict: 'rejected',
      reason: 'signed as GW-BAD, sent by GW-THIEF',
    }),
  )
  await counted('foreign-topic', 1, () => thief.publish(topics.batch('GW-BAD'), 'x'))
  expect(await quarantined(/^forged: signed as GW-BAD/)).toMatchObject({ client: 'GW-THIEF' })
})

test('J6 a wrong previous hash forks, a jump in sequence asks for what is missing', patient, async () => {
  const wrong = bad.seal([reading('E02/d/a', 3)], { prev: new Uint8Array(32).fill(9) })
  await counted('forked-chain', 1, async () =>
    expect(await bad.send(wrong)).toMatchObject({
      verdict: 'forked',
      reason: expect.stringMatching(/previous hash/),
    }),
  )
  const jump = bad.seal([reading('E02/d/a', 3)], { seq: 1_000 })
  expect(await bad.answerTo(jump)).toContainEqual(expect.objectContaining({ verdict: 'gap', expected: 3 }))
})

test("J6 another gateway's points are refused in their place of the chain", patient, async () => {
  const batch = bad.seal([reading('E02/d/a', 4), reading(neighbourPoint, 999_999)])
  await counted('foreign-point', 1, async () =>
    expect(await bad.send(batch)).toMatchObject({
      verdict: 'rejected',
      reason: `${neighbourPoint} belongs to GW-GOOD, not to GW-BAD`,
    }),
  )
  bad.follow(batch)
  expect(await quarantined(/^foreign-point: E01/)).toMatchObject({ topic: topics.batch('GW-BAD') })
  await counted('foreign-point', 1, () => telemetry('{"level":999999}', 'telemetry/E01/d'))
})

test('J6 one byte, on every topic', patient, async () => {
  await counted('malformed-batch', 1, () => bad.publish(topics.batch('GW-BAD'), Uint8Array.of(0x83)))
  await counted('malformed-status', 1, () => bad.publish(topics.status('GW-BAD'), Uint8Array.of(0x7b)))
  await counted('malformed-payload', 3, async () => {
    await telemetry(Buffer.of(0x7b))
    await telemetry(Buffer.of(0), 'frigate/events')
    await telemetry(Buffer.of(0xff), 'frigate/gate/person/snapshot')
  })
  expect(await quarantined(/^malformed-status/)).toMatchObject({ size: 1 })
})

test('J6 100 MB end early, and memory stays where it was', patient, async () => {
  const beforeMb = await rssMb()
  let peakMb = 0
  const watch = setInterval(() => void rssMb().then((mb) => (peakMb = Math.max(peakMb, mb))), 50)
  onTestFinished(() => clearInterval(watch))
  let sent = 0
  await counted('too-large', 20, async () => {
    for (let i = 0; i < 20; i++) sent += await pour(100_000_000)
  })
  peakMb = Math.max(peakMb, await rssMb())
  console.log(
    `20 × 100 MB: ${Math.round(sent / 1e6)} MB got out, memory ${Math.round(beforeMb)} → ${Math.round(peakMb)} MB at most`,
  )
  expect(sent).toBeLessThan(1_000_000_000)
  expect(peakMb - beforeMb).toBeLessThan(250)
})

/** Logs in and announces a message of so many bytes; returns how many were sent before the connection ended. */
async function pour(bytes: number): Promise<number> {
  const socket = connect(platform.mqttPort, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(Buffer.from('100f00044d5154540402003c0003626967', 'hex'))
  await new Promise((resolve) => socket.once('data', resolve))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write(Buffer.from([0x32, 0x80, 0xc2, 0xd7, 0x2f]))
  const chunk = Buffer.alloc(64 * 1024)
  let sent = 0
  const pump = () => {
    while (!socket.destroyed && sent < bytes) {
      sent += chunk.length
      if (!socket.write(chunk)) return void socket.once('drain', pump)
    }
  }
  pump()
  await closed
  return sent
}

test(
  'J6 nothing from outside is ever decompressed: a bomb is a malformed payload of its own size',
  patient,
  async () => {
    const beforeMb = await rssMb()
    const zeros = Buffer.alloc(40_000_000)
    const bombs = [gzipSync(zeros), zstdCompressSync(zeros)]
    await counted('malformed-payload', 2, () =>
      Promise.all(bombs.map((bomb) => telemetry(bomb.subarray(0, 60_000)))),
    )
    await counted('malformed-batch', 2, () =>
      Promise.all(bombs.map((bomb) => bad.publish(topics.batch('GW-BAD'), bomb))),
    )
    for (const { length } of bombs) await quarantined(/^malformed-batch/, length)
    expect((await rssMb()) - beforeMb).toBeLessThan(150)
  },
)

test('J6 the years 1970 and 2100 stand in quarantine and not on the time axis', patient, async () => {
  for (const [year, said] of [
    [1970, /days before its receipt/],
    [2100, /ahead of its receipt/],
  ] as const) {
    const timeMs = Date.UTC(year, 5, 1)
    await counted('implausible-time', 1, () => telemetry(`{"ts":${timeMs},"values":{"a":1}}`))
    const batch = bad.seal([reading('E02/d/clock', year, timeMs)])
    expect(await bad.send(batch)).toMatchObject({ verdict: 'stored' })
    bad.follow(batch)
    await quarantined(said)
  }
  const far = '/api/readings?point=E02/d/clock&step=30d&from=1970-01-01T00:00:00Z&to=2101-01-01T00:00:00Z'
  expect((await get<{ rows: unknown[] }>(far)).rows).toEqual([])
})

test('J6 ±∞ and NaN, in batches and in JSON', patient, async () => {
  for (const value of [Infinity, -Infinity]) {
    const batch = bad.seal([reading('E02/d/a', value)])
    const verdicts = [await bad.send(batch), await bad.send(batch), await bad.send(batch)]
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['held', 'held', 'rejected'])
    bad.follow(batch)
    await quarantined(/^malformed-in-place: E02\/d\/a: infinite value/)
  }
  const none = bad.seal([reading('E02/d/nothing', Number.NaN)])
  expect(await bad.send(none)).toMatchObject({ verdict: 'stored' })
  bad.follow(none)
  const spellings = ['{"a":1e999}', '{"a":-1e999}', '{"a":NaN}', '{"a":Infinity}']
  await counted('malformed-payload', spellings.length, () =>
    Promise.all(spellings.map((one) => telemetry(one))),
  )
  await quarantined(/^malformed-payload: a: found an infinite number/)
})

test('J6 JSON nested without end, and names that stand twice', patient, async () => {
  const deep = '['.repeat(32_000) + ']'.repeat(32_000)
  await counted('malformed-payload', 3, async () => {
    await telemetry(`{"ts":${deep},"values":{"a":1}}`)
    await telemetry(`{"a":${deep}}`)
    await telemetry('{"a":1,"a":2}')
  })
  await quarantined(/^malformed-payload: a name stands there more than once/)
  await counted('malformed-status', 1, () => bad.publish(topics.status('GW-BAD'), `{"v":1,"online":${deep}}`))
  expect(device.connected).toBe(true)
})

test('J6 10,000 connections that say nothing keep no gateway out', patient, async () => {
  const before = await refusedFor('too-many-strangers')
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let wave = 0; wave < 50; wave++) {
    await Promise.all(
      Array.from({ length: 200 }, () => {
        const socket = connect(platform.mqttPort, '127.0.0.1')
        sockets.push(socket)
        // Half say nothing, half begin a CONNECT and do not end it.
        if (wave % 2 === 0) socket.write(Buffer.from('10ff0f00044d51', 'hex'))
        socket.resume().on('error', () => undefined)
        return new Promise<void>((resolve) => {
          socket.once('connect', resolve)
          socket.once('close', () => resolve())
        })
      }),
    )
  }
  const late = await enrolled('GW-LATE')
  onTestFinished(() => late.close())
  expect(await late.send(late.seal([reading('E03/d/a', 1)]))).toMatchObject({ verdict: 'stored' })
  await expect
    .poll(() => sockets.filter((socket) => !socket.closed).length, { timeout: 30_000 })
    .toBeLessThan(1_100)
  expect((await refusedFor('too-many-strangers')) - before).toBeGreaterThan(8_000)
})

test('J6 a million names that nobody registered stop at their bound', patient, async () => {
  const startMs = performance.now()
  const [names, perMessage] = [1_000_000, 800]
  const before = await refusedFor('foreign-point')
  for (let from = 0; from < names; ) {
    const messages: Promise<unknown>[] = []
    for (; messages.length < 50 && from < names; from += perMessage) {
      const values = Array.from({ length: perMessage }, (_, i) => `"m${from + i}":1`)
      messages.push(telemetry(`{${values.join(',')}}`, `telemetry/FLOOD${from % 9_000}/d${from}`))
    }
    await Promise.all(messages)
  }
  const refused = (await refusedFor('foreign-point')) - before
  console.log(
    `${names} names: ${refused} of ${names / perMessage} messages refused, ${Math.round(performance.now() - startMs)} ms`,
  )
  expect(refused).toBeGreaterThanOrEqual((names - 100_000) / perMessage)
  await quarantined(/100000 unregistered points have appeared; no more are taken/)
})

test("J6 all the while, the neighbour's readings were stored, each once", patient, async () => {
  await neighbour.stop()
  const { stored } = neighbour
  const path = `/api/readings?point=${neighbourPoint}`
  const values = async () => (await get<{ rows: { value: number }[] }>(path)).rows.map(({ value }) => value)
  await expect.poll(async () => (await values()).length, { timeout: 60_000 }).toBe(stored)
  expect(await values()).toEqual(Array.from({ length: stored }, (_, i) => i))
  console.log(`${stored} readings of the neighbour, memory ${Math.round(await rssMb())} MB`)
})
