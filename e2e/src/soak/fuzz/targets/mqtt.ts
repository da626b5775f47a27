import { mkdtemp, rm } from 'node:fs/promises'
import { connect, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Credentials, startIntake } from '@farwatch/ingest'
import { decodeRecord, seriesOf, topics } from '@farwatch/model'
import { createMetrics, limitPacketSize, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import mqtt from 'mqtt'
import { mutateBytes } from '../mutate/bytes.ts'
import { mutateJson } from '../mutate/json.ts'
import type { Random } from '../random.ts'
import { mustHold, same, type Target, type TargetKind } from '../target.ts'
import { batchMessages } from './samples.ts'

/** Bytes on the MQTT port (MQTT 3.1.1). */

const text = (value: string) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes])
}

/** A packet whose length is its own (2.2.3), unless another is announced. */
function packet(first: number, body: Uint8Array, announced = body.length): Buffer {
  const head = [first]
  for (let left = announced; ; ) {
    const byte = left % 128
    left = Math.floor(left / 128)
    head.push(left > 0 ? byte | 0x80 : byte)
    if (left === 0) return Buffer.concat([Buffer.from(head), body])
  }
}

const login = packet(0x10, Buffer.concat([text('MQTT'), Buffer.of(4, 2, 0, 60), text('fuzz')]))
const withWill = packet(
  0x10,
  Buffer.concat([text('MQTT'), Buffer.of(4, 0b0000_1110, 0, 60), text('w'), text('a/will'), text('gone')]),
)
const publish = (topic: string, payload: Uint8Array) =>
  packet(0x32, Buffer.concat([text(topic), Buffer.of(0, 1), payload]))
const subscribe = packet(0x82, Buffer.concat([Buffer.of(0, 2), text(topics.receipt('GW-1')), Buffer.of(1)]))
const goodbye = packet(0xe0, new Uint8Array(0))

const streams = [
  Buffer.concat([login, publish('telemetry/E10/d', Buffer.from('{"pm10":55}')), goodbye]),
  Buffer.concat([
    login,
    subscribe,
    publish(topics.batch('GW-1'), batchMessages[0]!),
    packet(0xc0, new Uint8Array(0)),
  ]),
  Buffer.concat([withWill, goodbye]),
  Buffer.concat([
    login,
    packet(0x34, Buffer.concat([text('telemetry/E10/d'), Buffer.of(0, 9), Buffer.from('{"a":1}')])),
    packet(0x62, Buffer.of(0, 9)),
  ]),
]

const maxBytes = 2_000

/** Where the first packet over the bound has its head, by reading the whole stream at once. */
function firstTooLarge(stream: Uint8Array): { at: number } | undefined {
  for (let at = 0; at < stream.length; ) {
    let length = 0
    let next = at + 1
    for (let place = 0; ; place++) {
      const byte = stream[next++]
      if (byte === undefined) return undefined
      length += (byte & 127) * 128 ** place
      if (length > maxBytes || place > 3) return { at }
      if (byte < 128) break
    }
    at = next + length
  }
  return undefined
}

const packetLimit: Target & { readonly share: number } = {
  name: 'packet-limit',
  share: 20,
  seeds: [...streams, publish('t', Buffer.alloc(1_000)), packet(0x30, Buffer.alloc(9), 1_999)],
  mutate: mutateBytes,
  judge(input, random) {
    const socket = new Socket()
    const pieces = cut(Buffer.from(input), random)
    const count = pieces.length
    socket.read = () => pieces.shift() ?? null
    let refused = 0
    limitPacketSize(
      socket,
      () => maxBytes,
      () => refused++,
    )
    const read: Buffer[] = []
    for (let i = 0; i < count; i++) {
      const chunk = socket.read() as Buffer | null
      if (chunk !== null) read.push(chunk)
    }
    socket.destroy()
    const passed = Buffer.concat(read)
    const tooLarge = firstTooLarge(input)
    mustHold(refused === (tooLarge === undefined ? 0 : 1), `refused ${refused} times`)
    if (tooLarge === undefined)
      mustHold(same(passed, input), 'what is within the bound did not pass unchanged')
    else mustHold(passed.length <= tooLarge.at + 5, 'more passed than the head of what is too large')
    return tooLarge === undefined ? 'accepted' : 'refused'
  },
}

/** In one piece, or cut anywhere, heads included. */
function cut(bytes: Buffer, random: Random): Buffer[] {
  const places = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort(
    (a, b) => a - b,
  )
  const bounds = [0, ...places, bytes.length]
  return bounds.slice(1).map((end, i) => bytes.subarray(bounds[i], end))
}

/** A packet's content is changed too, and its length made to fit again: so it reaches what is behind the parser. */
function mutateStream(seed: Uint8Array, random: Random): Uint8Array {
  switch (random.below(3)) {
    case 0:
      return mutateBytes(seed, random, streams)
    case 1:
      return Buffer.concat([
        login,
        publish(
          'telemetry/E10/d',
          mutateJson(Buffer.from('{"pm10":55,"ts":1}'), random).subarray(0, 200_000),
        ),
      ])
    default:
      return Buffer.concat([
        login,
        packet(random.below(256), mutateBytes(seed.subarray(20), random).subarray(0, 200_000)),
      ])
  }
}

/** A centre's listener: whatever comes, others are served, and everything that it took in can be read. */
async function openIntake(): Promise<Target> {
  const home = await mkdtemp(join(tmpdir(), 'farwatch-fuzz-mqtt-'))
  const journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
  const credentials = await Credentials.open(join(home, 'credentials.json'))
  const intake = await startIntake(
    { host: '127.0.0.1', port: 0 },
    {
      clock: systemClock,
      log: silentLog,
      metrics: createMetrics(),
      journal,
      registry: { sites: [] },
      credentials,
      home,
    },
  )
  const neighbour = await mqtt.connectAsync(`mqtt://127.0.0.1:${intake.port}`, {
    clientId: 'neighbour',
    reconnectPeriod: 0,
  })
  let runs = 0
  let left = 0
  neighbour.on('close', () => left++)
  return {
    name: 'mqtt',
    seeds: streams,
    mutate: mutateStream,
    async judge(input) {
      const answer = await answerTo(input, intake.port)
      if (runs++ % 100 === 0)
        await neighbour.publishAsync('telemetry/E10/neighbour', `{"run":${runs}}`, { qos: 1 })
      mustHold(left === 0, 'a neighbour was disconnected')
      return answer?.[0] === 0x20 && answer[3] === 0 ? 'accepted' : 'refused'
    },
    async finish() {
      for (let from = journal.first; from < journal.next; ) {
        for (const { position, payload } of await journal.read(from)) {
          mustHold(payload !== undefined, `record ${position} is damaged`)
          seriesOf(decodeRecord(payload))
          from = position + 1
        }
      }
      left = -1
      await neighbour.endAsync(true)
      await intake.stop()
      await journal.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** A CONNECT that is whole is answered, however long a busy machine takes; of anything else nobody waits for an answer. */
const patienceMs = { login: 10_000, other: 5, goodbye: 500 }

/** The first bytes that come back, if any; the connection is closed by then. */
function answerTo(input: Uint8Array, port: number): Promise<Uint8Array | undefined> {
  const isLogin = [login, withWill].some((whole) => same(input.subarray(0, whole.length), whole))
  return new Promise((resolve) => {
    let answer: Uint8Array | undefined
    const socket = connect(port, '127.0.0.1')
    let giveUp: NodeJS.Timeout | undefined
    const end = () => {
      socket.end()
      // Whoever is half-way through a packet may be waited for by the other side.
      giveUp ??= setTimeout(() => socket.destroy(), patienceMs.goodbye)
    }
    const timer = setTimeout(end, isLogin ? patienceMs.login : patienceMs.other)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      answer ??= bytes
      end()
    })
    socket.on('close', () => {
      clearTimeout(timer)
      clearTimeout(giveUp)
      resolve(answer)
    })
    socket.write(input)
  })
}

export const mqttTargets: readonly TargetKind[] = [
  { name: packetLimit.name, share: packetLimit.share, open: () => packetLimit },
  { name: 'mqtt', share: 2, open: openIntake },
]
