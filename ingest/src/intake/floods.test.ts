import { connect as connectTcp } from 'node:net'
import { decodeRecord, topics } from '@farwatch/model'
import { expect, test } from 'vitest'
import { connectionBounds } from './connections.ts'
import { testCentre } from './testing.ts'

const centre = testCentre()
const { start, stop, connect, records, refusals, counted } = centre

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

test('F8 a flood of refused messages fills neither disk nor log', async () => {
  const lines: unknown[] = []
  await stop()
  await start((line) => lines.push(line))
  const payload = Buffer.alloc(900_000)
  const client = await connect()
  await Promise.all(Array.from({ length: 20 }, () => client.publishAsync('x/batch', payload, { qos: 1 })))
  expect(centre.journal.bytes).toBeLessThan(20 * 70_000)
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
  expect(centre.journal.bytes).toBeLessThan(2 * 21 * 1024 * 1024)
  expect(await counted('too-many-pictures')).toBeGreaterThanOrEqual(60 - 2 * 20)
  await client.publishAsync(topics.telemetry('E10', 'd'), '{"pm10": 1}', { qos: 1 })
  const [last] = await centre.journal.read(centre.journal.next - 1)
  expect(decodeRecord(last!.payload!).kind).toBe('telemetry')
})

test('F8 J6 a packet of 100 MB is refused at its header, others go on', async () => {
  const other = await connect()
  const socket = connectTcp(centre.intake.port, '127.0.0.1')
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
  const socket = connectTcp(centre.intake.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(Buffer.from([0x10, 0xff, 0xff, 0x7f, 0, 4]))
  await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  expect(await counted('too-large')).toBe(1)
})

test('J6 one credential holds so many connections and no more: refused with a reason, counted, others let in', async () => {
  const password = await centre.credentials.enrolDevice('station', 'E10')
  const other = await centre.credentials.enrolDevice('other', 'E10')
  const as = (username: string, secret: string) => connect({ username, password: secret })
  const { perUser } = connectionBounds
  await Promise.all(Array.from({ length: perUser }, () => as('station', password)))
  await expect(as('station', password)).rejects.toMatchObject({ code: 3 })
  expect(await counted('too-many-connections')).toBe(1)
  await (await as('other', other)).publishAsync('telemetry/E10/d', '{"pm10": 55}', { qos: 1 })
  await centre.clients[0]!.endAsync()
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
