import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { batchHash } from '@farwatch/evidence'
import { decodeBatch, decodeRecord, Registry } from '@farwatch/model'
import { expect, test } from 'vitest'
import { bothEnds, lossesAt, stored, storedValues, upTo } from './both-ends.ts'
import { brittleLine } from './brittle-line.ts'

/** A gateway's half and the centre's half with a wire between them that can be cut, on real journals and sockets. */

const ends = bothEnds()
const { centre, gateway } = ends

test('J1 J2 a batch that has rotted on the gateway is declared lost and passed over; all others arrive once', async () => {
  const first = await centre()
  const password = await first.credentials.enrolGateway('GW-1')
  await first.stop()
  const offline = await gateway(`mqtt://127.0.0.1:${first.port}`, password)
  await offline.measure(0, 30)
  await offline.stop()
  const path = join(ends.home, 'gateway', 'journal', '0000000000000001.log')
  const content = await readFile(path)
  content[content.length >> 1]! ^= 1
  await writeFile(path, content)
  const gw = await gateway(`mqtt://127.0.0.1:${first.port}`, password)
  expect(gw.journal.damaged).toBe(1)
  const second = await centre(first.port)
  await gw.measure(30, 5)
  await expect.poll(() => gw.waiting(), { timeout: 15_000 }).toBe(0)
  await expect
    .poll(() => lossesAt(second.journal), { timeout: 10_000 })
    .toMatchObject([{ reason: 'damaged' }])
  const values = await storedValues(second.journal)
  expect(values).toHaveLength(34)
  expect(new Set(values).size).toBe(34)
  expect(values.at(-1)).toBe(34)
  await gw.stop()
  await second.stop()
})

test('F2 what a gateway measured while the centre was away arrives once, chained', async () => {
  const first = await centre()
  const password = await first.credentials.enrolGateway('GW-1')
  const gw = await gateway(`mqtt://127.0.0.1:${first.port}`, password)
  await gw.measure(0, 20)
  await expect.poll(() => gw.waiting(), { timeout: 10_000 }).toBe(0)
  await first.stop()
  await gw.measure(20, 40)
  expect(gw.waiting()).toBeGreaterThan(0)
  const second = await centre(first.port)
  await expect.poll(() => gw.waiting(), { timeout: 15_000 }).toBe(0)
  await gw.measure(60, 5)
  await expect.poll(() => gw.waiting(), { timeout: 10_000 }).toBe(0)
  expect(await storedValues(second.journal)).toEqual(upTo(65))
  await gw.stop()
  await second.stop()
})

test('F2 a gateway that is restarted goes on with its chain and sends what was left', async () => {
  const side = await centre()
  const password = await side.credentials.enrolGateway('GW-1')
  const offline = await gateway('mqtt://127.0.0.1:1', password)
  await offline.measure(0, 10)
  await offline.stop()
  const online = await gateway(`mqtt://127.0.0.1:${side.port}`, password)
  await online.measure(10, 10)
  await expect.poll(() => online.waiting(), { timeout: 10_000 }).toBe(0)
  expect(await storedValues(side.journal)).toEqual(upTo(20))
  const hashes = (await side.journal.read(1)).flatMap(({ payload }) => {
    const record = decodeRecord(payload!)
    return record.kind === 'batch' ? [batchHash(decodeBatch(record.bytes))] : []
  })
  expect(new Set(hashes.map((hash) => Buffer.from(hash).toString('hex'))).size).toBe(hashes.length)
  await online.stop()
  await side.stop()
})

test('F3 a batch that is refused for good holds up none behind it', async () => {
  const name = { zh: 'T', en: 'T' }
  const { sites } = Registry.parse({
    sites: [{ id: 'T', name, latitude: 33, longitude: 115, gateway: 'GW-2' }],
  })
  const side = await centre(0, sites)
  const password = await side.credentials.enrolGateway('GW-1')
  const gw = await gateway(`mqtt://127.0.0.1:${side.port}`, password)
  await gw.measure(0, 2)
  await gw.measure(2, 1, 'T/d/m')
  await gw.measure(3, 2)
  await expect.poll(() => gw.waiting(), { timeout: 10_000 }).toBe(0)
  expect(await stored(side.journal)).toEqual([0, 1, 3, 4])
  await gw.stop()
  await side.stop()
})

test('F3 a centre that has lost everything gets again what the gateway still has, and what follows', async () => {
  const first = await centre()
  const password = await first.credentials.enrolGateway('GW-1')
  const gw = await gateway(`mqtt://127.0.0.1:${first.port}`, password)
  await gw.measure(0, 5)
  await expect.poll(() => gw.waiting(), { timeout: 10_000 }).toBe(0)
  await first.stop()
  await gw.measure(5, 5)
  const second = await centre(first.port, [], 'centre-on-a-new-disk')
  await expect.poll(() => gw.waiting(), { timeout: 15_000 }).toBe(0)
  await gw.measure(10, 5)
  await expect.poll(() => gw.waiting(), { timeout: 10_000 }).toBe(0)
  expect(await storedValues(second.journal)).toEqual(upTo(15))
  await gw.stop()
  await second.stop()
})

test('F3 J2 a centre that has lost everything gets what the gateway still has, and for the rest a declaration of loss', async () => {
  const first = await centre()
  const password = await first.credentials.enrolGateway('GW-1')
  const gw = await gateway(`mqtt://127.0.0.1:${first.port}`, password, { segmentBytes: 1_000 })
  await gw.measure(0, 50)
  await expect.poll(() => gw.journal.first, { timeout: 10_000 }).toBeGreaterThan(40)
  await first.stop()
  const oldest = gw.journal.first
  await gw.measure(50, 40)
  const second = await centre(first.port, [], 'centre-on-a-new-disk')
  await expect.poll(() => gw.waiting(), { timeout: 20_000 }).toBe(0)
  await gw.measure(90, 5)
  await expect
    .poll(() => storedValues(second.journal), { timeout: 10_000 })
    .toEqual(upTo(95).slice(oldest - 1))
  await expect
    .poll(() => lossesAt(second.journal), { timeout: 10_000 })
    .toEqual([{ from: 1, to: oldest - 1, reason: 'acknowledged' }])
  await gw.stop()
  await second.stop()
}, 60_000)

test('F2 a line that breaks at any byte loses nothing and doubles nothing', async () => {
  const side = await centre()
  const password = await side.credentials.enrolGateway('GW-1')
  const line = await brittleLine(side.port)
  const gw = await gateway(`mqtt://127.0.0.1:${line.port}`, password)
  const total = 300
  for (let i = 0; i < total; i += 10) await gw.measure(i, 10)
  await expect.poll(() => gw.waiting(), { timeout: 18_000 }).toBe(0)
  line.heal()
  await expect.poll(() => gw.waiting(), { timeout: 18_000 }).toBe(0)
  expect(await storedValues(side.journal)).toEqual(upTo(total))
  expect(line.breaks()).toBeGreaterThan(1)
  await gw.stop()
  await line.stop()
  await side.stop()
})

/** All that the gateway measured has its receipt. */
const settled = (gw: Awaited<ReturnType<typeof gateway>>) =>
  expect.poll(() => gw.waiting(), { timeout: 15_000 }).toBe(0)

test('F2 a gateway whose folder was restored from an older copy loses nothing and doubles nothing', async () => {
  const side = await centre()
  const url = `mqtt://127.0.0.1:${side.port}`
  const password = await side.credentials.enrolGateway('GW-1')
  const folder = join(ends.home, 'gateway')
  const before = await gateway(url, password)
  await before.measure(0, 10)
  await settled(before)
  await before.stop()
  await cp(folder, `${folder}-copy`, { recursive: true })
  const after = await gateway(url, password)
  await after.measure(10, 20)
  await settled(after)
  await after.stop()
  await rm(folder, { recursive: true })
  await cp(`${folder}-copy`, folder, { recursive: true })
  const restored = await gateway(url, password)
  await restored.measure(30, 30)
  await settled(restored)
  await restored.measure(60, 5)
  await settled(restored)
  expect(await storedValues(side.journal)).toEqual(upTo(65))
  await restored.stop()
  const again = await gateway(url, password)
  await again.measure(65, 5)
  await settled(again)
  expect(await storedValues(side.journal)).toEqual(upTo(70))
  await again.stop()
  await side.stop()
}, 60_000)

test('F2 a gateway whose journal lost its end, but not its cursor, sends what it measures from then on', async () => {
  const side = await centre()
  const url = `mqtt://127.0.0.1:${side.port}`
  const password = await side.credentials.enrolGateway('GW-1')
  const first = await gateway(url, password)
  await first.measure(0, 10)
  await settled(first)
  await first.stop()
  await truncate(join(ends.home, 'gateway', 'journal', '0000000000000001.log'), 1_000)
  const second = await gateway(url, password)
  await second.measure(10, 10)
  await settled(second)
  expect(await storedValues(side.journal)).toEqual(upTo(20))
  await second.stop()
  await side.stop()
}, 60_000)

test('F2 a centre restored from an older copy is given again what the gateway still has', async () => {
  const first = await centre()
  const password = await first.credentials.enrolGateway('GW-1')
  const gw = await gateway(`mqtt://127.0.0.1:${first.port}`, password)
  await gw.measure(0, 10)
  await settled(gw)
  await first.stop()
  await cp(join(ends.home, 'centre'), join(ends.home, 'centre-copy'), { recursive: true })
  const second = await centre(first.port)
  await gw.measure(10, 50)
  await settled(gw)
  await second.stop()
  await rm(join(ends.home, 'centre'), { recursive: true })
  await cp(join(ends.home, 'centre-copy'), join(ends.home, 'centre'), { recursive: true })
  const restored = await centre(first.port)
  await gw.measure(60, 5)
  await settled(gw)
  await expect.poll(() => storedValues(restored.journal), { timeout: 10_000 }).toEqual(upTo(65))
  await gw.stop()
  await restored.stop()
}, 60_000)
