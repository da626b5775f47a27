import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { decodeRecord, parseTelemetry } from '@farwatch/model'
import { createMetrics, openJournal, silentLog } from '@farwatch/runtime'
import mqtt from 'mqtt'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Repeats, repeatBounds } from './repeats.ts'

const box = { site: 'S', device: 'd' }

function telemetry(ts: number, values: Record<string, number>) {
  const parsed = parseTelemetry(JSON.stringify({ ts, values }))
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.telemetry
}

/** Whether a message was stored. */
async function isStored(
  repeats: Repeats,
  message: ReturnType<typeof telemetry>,
  receivedMs = 1,
): Promise<boolean> {
  let stored = false
  await repeats.take(box, message, {
    receivedMs,
    keep: async () => {
      stored = true
    },
  })
  return stored
}

test('J2 a plain message is a repeat when each of its values came before; a correction and a new value pass whole', async () => {
  const repeats = new Repeats(createMetrics())
  expect(await isStored(repeats, telemetry(1, { a: 1, b: 2 }))).toBe(true)
  expect(await isStored(repeats, telemetry(1, { a: 1, b: 2 }))).toBe(false)
  expect(await isStored(repeats, telemetry(1, { b: 2 }))).toBe(false)
  expect(await isStored(repeats, telemetry(1, { b: 3 }))).toBe(true)
  expect(await isStored(repeats, telemetry(1, { a: 1, c: 3 }))).toBe(true)
  expect(await isStored(repeats, telemetry(1, { a: 1, b: 3, c: 3 }))).toBe(false)
  expect(await isStored(repeats, telemetry(2, { a: 1 }))).toBe(true)
})

test('J2 the window is bounded in time and in values, and counts what it forgets early', async () => {
  const metrics = createMetrics()
  const repeats = new Repeats(metrics)
  expect(await isStored(repeats, telemetry(1, { a: 1 }), 0)).toBe(true)
  expect(await isStored(repeats, telemetry(1, { a: 1 }), repeatBounds.ms)).toBe(true)
  const evicted = async () =>
    (await metrics.getSingleMetric('farwatch_duplicate_window_evicted_total')?.get())?.values[0]?.value
  expect(await evicted()).toBe(0)
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`m${i}`, i]))
  for (let ts = 10; ts <= 10 + repeatBounds.values / 1_000; ts++) {
    await isStored(repeats, telemetry(ts, many), repeatBounds.ms + 1)
  }
  expect(await evicted()).toBe(2)
  expect(await isStored(repeats, telemetry(1, { a: 1 }), repeatBounds.ms + 2)).toBe(true)
})

test('J2 a repeat of a message that is on its way to disk waits for it, and fails with it', async () => {
  const repeats = new Repeats(createMetrics())
  const disk = Promise.withResolvers<void>()
  const message = telemetry(1, { a: 1 })
  const first = repeats.take(box, message, { receivedMs: 1, keep: () => disk.promise })
  const again = repeats.take(box, message, { receivedMs: 1, keep: () => Promise.resolve() })
  disk.reject(new Error('full'))
  await expect(first).rejects.toThrow('full')
  await expect(again).rejects.toThrow('full')
  expect(await isStored(repeats, message)).toBe(true)
})

let home: string
let child: ChildProcess | undefined
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-repeats-'))
})
afterEach(async () => {
  await kill()
  await rm(home, { recursive: true, force: true })
})

const program = fileURLToPath(new URL('./testing-intake-process.ts', import.meta.url))

async function startProcess(): Promise<number> {
  child = spawn(process.execPath, [program, home], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout! })
  const [port] = await once(lines, 'line')
  return Number(port)
}

async function kill(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

test('J2 messages published again after a kill −9 and by other clients are acknowledged and stored once', async () => {
  const messages = Array.from({ length: 50 }, (_, i) =>
    JSON.stringify({ ts: Date.now() - i, values: { a: i, b: 1 } }),
  )
  for (const round of [1, 2, 3]) {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${await startProcess()}`, { reconnectPeriod: 0 })
    client.on('error', () => undefined)
    const publish = (payload: string) => client.publishAsync('telemetry/S/d', payload, { qos: 1 })
    if (round === 1) {
      // Killed with the rest on its way: written or not, acknowledged or not.
      const sent = messages.slice(0, 30).map((payload) => publish(payload).catch(() => undefined))
      await sent[3]
    } else {
      await Promise.all(messages.map(publish))
      await publish('{"values": {"a": 1}}')
    }
    await kill()
    client.end(true)
  }
  const journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
  const stored = (await journal.read(1, { records: 1_000 }))
    .map(({ payload }) => Buffer.from(decodeRecord(payload!).bytes).toString())
    .toSorted()
  await journal.close()
  // Without a time of its own a message that comes again is another one.
  const unstamped = Array.from({ length: 2 }, () => '{"values": {"a": 1}}')
  expect(stored).toEqual([...messages, ...unstamped].toSorted())
})
