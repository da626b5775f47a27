import { join } from 'node:path'
import { seriesOf, topics } from '@farwatch/model'
import { openJournal, silentLog } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { testCentre } from './testing.ts'

const centre = testCentre()
const { start, stop, connect, records, refusals, counted } = centre

test('F3 a PUBACK comes only for what is in the journal', async () => {
  const client = await connect()
  await client.publishAsync(topics.telemetry('E10', 'd'), '{"pm10": 55}', { qos: 1 })
  const [record] = await records()
  expect(record?.kind).toBe('telemetry')
  expect(seriesOf(record!)[0]).toMatchObject({ point: 'E10/d/pm10', timeSource: 'arrival' })
  await centre.journal.close()
  let acknowledged = false
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  client.publish(topics.telemetry('E10', 'd'), '{"pm10": 56}', { qos: 1 }, (error) => {
    acknowledged = error == null
  })
  await closed
  expect(acknowledged).toBe(false)
  expect(centre.intake.problem).toMatch(/closed/)
})

test('F3 the journal may forget what devices without a gateway have sent', async () => {
  const client = await connect()
  const [cursor, sealed] = [await centre.journal.cursor('intake'), await centre.journal.cursor('seal')]
  for (let i = 0; i < 3; i++) {
    await client.publishAsync(topics.telemetry('E10', 'd'), `{"pm10": ${i}}`, { qos: 1 })
  }
  await centre.intake.stop()
  expect(sealed.position).toBe(centre.journal.next)
  expect(cursor.position).toBeGreaterThanOrEqual(centre.journal.next - 1)
})

test('F8 malformed payloads, NaN, unknown topics, stamps in 2036 and before 2000 are refused, counted, kept, and harm nobody', async () => {
  const client = await connect()
  const publish = (topic: string, payload: string | Buffer) => client.publishAsync(topic, payload, { qos: 1 })
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

test('F3 the journal forgets plain telemetry too, though no gateway ever sends a batch', async () => {
  const client = await connect()
  for (let i = 0; i < 5; i++)
    await client.publishAsync(topics.telemetry('E10', 'd'), `{"pm10": ${i}}`, { qos: 1 })
  await stop()
  centre.journal = await openJournal({ folder: join(centre.home, 'journal'), log: silentLog })
  expect((await centre.journal.cursor('intake')).position).toBeGreaterThan(5)
  await centre.journal.close()
  await start()
})
