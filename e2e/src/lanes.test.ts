import { spawn } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { batchHash, noHash, sealBatch } from '@farwatch/evidence'
import { loadIdentity } from '@farwatch/gateway/uplink'
import { decodeBatch, decodeRecord, decodeSeries, encodeBatch, type Series } from '@farwatch/model'
import { type Journal, openJournal, silentLog } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { bothEnds, lossesAt, upTo } from './both-ends.ts'
import { brittleLine } from './brittle-line.ts'

/** A gateway that was cut off for long comes back: the present must not wait for the past, and neither may be lost. */

const ends = bothEnds()
const { centre, gateway } = ends

/** Fills the gateway's journal as an outage leaves it: batch i has the value i for each of the points. */
async function outage(batches: number, points: number, segmentBytes?: number): Promise<void> {
  const { key } = await loadIdentity(ends.home)
  const folder = join(ends.home, 'gateway', 'journal')
  const journal = await openJournal({ folder, log: silentLog, segmentBytes })
  let prev = noHash
  const appended: Promise<number>[] = []
  for (let seq = 1; seq <= batches; seq++) {
    const series = Array.from({ length: points }, (_, p): Series => {
      const [timesMs, values] = [Float64Array.of(seq * 60_000), Float64Array.of(seq)]
      const point = `S/past/p${String(p).padStart(3, '0')}`
      return { point, timeSource: 'gateway', timesMs, values, qualities: new Uint16Array(1) }
    })
    const place = { gateway: 'GW-1', chain: '00000000000000aa', boot: '00000000000000bb', seq, prev }
    const batch = sealBatch(series, { ...place, madeMs: seq * 60_000, monotonicMs: seq * 60_000 }, key)
    prev = batchHash(batch)
    appended.push(journal.append(encodeBatch(batch)))
    if (appended.length >= 500) await Promise.all(appended.splice(0))
  }
  await Promise.all(appended)
  await journal.close()
}

interface Arrival {
  readonly position: number
  readonly past: boolean
  readonly value: number
}

/** What arrived at the centre, batch by batch, in order; each record is read once. */
function arrivalsAt(journal: Journal) {
  const found: Arrival[] = []
  let next = 1
  return async (): Promise<readonly Arrival[]> => {
    while (next < journal.next) {
      for (const { position, payload } of await journal.read(next)) {
        next = position + 1
        const record = decodeRecord(payload!)
        if (record.kind !== 'batch') continue
        const { point, values } = decodeSeries(decodeBatch(record.bytes).series[0]!)
        found.push({ position, past: point.includes('/past/'), value: values[0]! })
      }
    }
    return found
  }
}

const valuesOf = (all: readonly Arrival[], past: boolean) =>
  all.filter((one) => one.past === past).map(({ value }) => value)

test('J2 J3 after 72 hours with 200 points the present goes before the past, each in order, everything once', async () => {
  const batches = 72 * 20
  await outage(batches, 200)
  const side = await centre()
  const arrived = arrivalsAt(side.journal)
  const password = await side.credentials.enrolGateway('GW-1')
  const gw = await gateway(`mqtt://127.0.0.1:${side.port}`, password)
  await expect.poll(async () => (await arrived()).length, { timeout: 20_000 }).toBeGreaterThan(0)
  const overtaken: number[] = []
  let value = 0
  for (; gw.spool.lane('backfill').waiting > 0; value++) {
    await gw.measure(value, 1)
    // What the centre takes from here until this reading has come is what it had to wait for.
    const before = side.journal.next
    const isHere = async () => (await arrived()).findLast((one) => !one.past && one.value === value)
    await expect.poll(async () => (await isHere()) !== undefined, { interval: 5, timeout: 20_000 }).toBe(true)
    const { position } = (await isHere())!
    overtaken.push(
      (await arrived()).filter((one) => one.position >= before && one.position < position).length,
    )
  }
  await expect.poll(() => gw.waiting(), { timeout: 60_000 }).toBe(0)
  const all = await arrived()
  expect(valuesOf(all, true)).toEqual(upTo(batches, 1))
  expect(valuesOf(all, false)).toEqual(upTo(value))
  expect(value).toBeGreaterThan(10)
  // No reading of now waited for more of the past than may be under way.
  console.log(
    `${value} readings of now among ${batches} batches of the past waited for ${Math.max(...overtaken)} at most`,
  )
  expect(Math.max(...overtaken)).toBeLessThanOrEqual(16)
  await gw.stop()
  await side.stop()
}, 120_000)

test('J2 J3 kill -9 in the middle of the drain: what was on disk arrives once, and live goes on first', async () => {
  await outage(600, 20)
  const side = await centre()
  const password = await side.credentials.enrolGateway('GW-1')
  let next = 1_000_000
  for (let life = 0; life < 3; life++) {
    const script = join(import.meta.dirname, 'spool-process.ts')
    const args = [script, ends.home, `mqtt://127.0.0.1:${side.port}`, password, String(next)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const before = side.journal.next
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString().trim().split('\n')) next = Math.max(next, Number(line) + 1)
        if (side.journal.next > before + 60) child.kill('SIGKILL')
      })
      child.on('exit', () => resolve())
    })
    // One more may be on disk than was printed.
    next++
  }
  const arrived = arrivalsAt(side.journal)
  expect(valuesOf(await arrived(), true).length).toBeLessThan(600)
  const gw = await gateway(`mqtt://127.0.0.1:${side.port}`, password)
  await expect.poll(() => gw.waiting(), { timeout: 60_000 }).toBe(0)
  const all = await arrived()
  expect(valuesOf(all, true).toSorted((a, b) => a - b)).toEqual(upTo(600, 1))
  const live = valuesOf(all, false)
  expect(new Set(live).size).toBe(live.length)
  // At most the three unprinted ones are missing: those that the kill met before their fsync.
  expect(next - 1_000_000 - live.length).toBeLessThanOrEqual(3)
  await gw.stop()
  await side.stop()
}, 120_000)

test('J3 a line that breaks every few batches of a long backlog loses nothing and doubles nothing', async () => {
  await outage(300, 20)
  const side = await centre()
  const password = await side.credentials.enrolGateway('GW-1')
  const line = await brittleLine(side.port, { leastBytes: 15_000, spreadBytes: 40_000 })
  const gw = await gateway(`mqtt://127.0.0.1:${line.port}`, password)
  await gw.measure(0, 100)
  await expect.poll(() => line.breaks() > 3 || gw.waiting() === 0, { timeout: 30_000 }).toBe(true)
  line.heal()
  await expect.poll(() => gw.waiting(), { timeout: 40_000 }).toBe(0)
  const all = await arrivalsAt(side.journal)()
  expect(valuesOf(all, true).toSorted((a, b) => a - b)).toEqual(upTo(300, 1))
  expect(valuesOf(all, false).toSorted((a, b) => a - b)).toEqual(upTo(100))
  expect(line.breaks()).toBeGreaterThan(1)
  await gw.stop()
  await line.stop()
  await side.stop()
}, 120_000)

test('J2 a full journal drops its oldest, declared before: offline, and while backfill is under way', async () => {
  const bounds = { bytes: 200_000 }
  await outage(1_000, 1, 12_500)
  const nowhere = await gateway('mqtt://127.0.0.1:1', 'none', { bounds })
  await nowhere.measure(0, 20)
  const offline = nowhere.spool.lost()
  expect(offline.batches).toBeGreaterThan(100)
  await nowhere.stop()
  const side = await centre()
  const password = await side.credentials.enrolGateway('GW-1')
  const gw = await gateway(`mqtt://127.0.0.1:${side.port}`, password, { bounds, bytesPerSecond: 20_000 })
  await gw.measure(20, 200)
  await expect.poll(() => gw.waiting(), { timeout: 60_000 }).toBe(0)
  const missing = async () => 1_220 - (await arrivalsAt(side.journal)()).length
  const { readings, batches } = gw.spool.lost()
  expect(batches).toBeGreaterThan(offline.batches)
  const declared = await expect
    .poll(() => lossesAt(side.journal), { timeout: 20_000 })
    .toSatisfy((losses: Awaited<ReturnType<typeof lossesAt>>) => countOf(losses) === batches)
    .then(() => lossesAt(side.journal))
  expect(declared.every(({ reason }) => reason === 'bytes')).toBe(true)
  console.log(`${await missing()} of 1220 batches did not come, ${batches} declared lost`)
  // What was under way when it was dropped may have arrived all the same: then more is declared than is missing, never less.
  expect(readings).toBe(batches)
  expect(batches).toBeGreaterThanOrEqual(await missing())
  expect(batches).toBeLessThanOrEqual((await missing()) + 32)
  const all = await arrivalsAt(side.journal)()
  for (const past of [true, false]) {
    const some = valuesOf(all, past)
    expect(new Set(some).size).toBe(some.length)
  }
  expect(valuesOf(all, false).toSorted((a, b) => a - b)).toEqual(upTo(220))
  await gw.stop()
  await side.stop()
}, 120_000)

test('J2 a gateway restored from an older copy with a long backlog: live goes on, all arrive once in a new chain', async () => {
  const side = await centre()
  const url = `mqtt://127.0.0.1:${side.port}`
  const password = await side.credentials.enrolGateway('GW-1')
  const folder = join(ends.home, 'gateway')
  const before = await gateway(url, password)
  await before.measure(0, 10)
  await expect.poll(() => before.waiting(), { timeout: 15_000 }).toBe(0)
  await before.stop()
  await cp(folder, `${folder}-copy`, { recursive: true })
  const after = await gateway(url, password)
  await after.measure(10, 20)
  await expect.poll(() => after.waiting(), { timeout: 15_000 }).toBe(0)
  await after.stop()
  await rm(folder, { recursive: true })
  await cp(`${folder}-copy`, folder, { recursive: true })
  const offline = await gateway('mqtt://127.0.0.1:1', 'none')
  await offline.measure(30, 60)
  await offline.stop()
  const restored = await gateway(url, password)
  await restored.measure(90, 30)
  await expect.poll(() => restored.waiting(), { timeout: 30_000 }).toBe(0)
  expect(valuesOf(await arrivalsAt(side.journal)(), false).toSorted((a, b) => a - b)).toEqual(upTo(120))
  expect(restored.spool.lost()).toEqual({ batches: 0, readings: 0 })
  await restored.stop()
  await side.stop()
}, 120_000)

const countOf = (losses: Awaited<ReturnType<typeof lossesAt>>) =>
  losses.reduce((sum, { from, to }) => sum + to - from + 1, 0)
