import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { Repeats, repeatsSince } from './repeats.ts'
import { createBatcher, loadIdentity } from './uplink/index.ts'

const sample = (value: number, timeMs: number, timeSource: 'device' | 'gateway' = 'device') =>
  ({ point: 'S/d/m', timeMs, timeSource, value, quality: 0 }) as const

test('F2 what a device sends twice is kept once; corrections and what the gateway stamped pass', () => {
  const repeats = new Repeats()
  expect(repeats.admit(sample(1, 10))).toBe(true)
  expect(repeats.admit(sample(2, 20))).toBe(true)
  expect(repeats.admit(sample(1, 10))).toBe(false)
  expect(repeats.admit(sample(1.5, 10))).toBe(true)
  expect(repeats.admit(sample(1, 30, 'gateway'))).toBe(true)
  expect(repeats.admit(sample(1, 30, 'gateway'))).toBe(true)
})

test('F2 the window is bounded: what is older than 256 stamps passes again', () => {
  const repeats = new Repeats()
  for (let i = 0; i < 257; i++) repeats.admit(sample(i, i))
  expect([1, 0].map((i) => repeats.admit(sample(i, i)))).toEqual([false, true])
})

test('J3 what was stored before the gateway was killed is known to its next life', async () => {
  const home = await mkdtemp(join(tmpdir(), 'farwatch-repeats-'))
  onTestFinished(() => rm(home, { recursive: true }))
  const journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
  const { key } = await loadIdentity(home)
  const deps = { gateway: 'GW-1', key, clock: systemClock, log: silentLog }
  const batcher = await createBatcher({ ...deps, journal, lingerMs: 0 })
  for (let i = 0; i < 20; i++) await batcher.add([sample(i, i)])
  await batcher.add([{ ...sample(0, 20), value: null }, sample(7, 21, 'gateway')])
  await batcher.stop()
  const repeats = await repeatsSince(journal)
  await journal.close()
  expect(repeats.admit(sample(3, 3))).toBe(false)
  expect(repeats.admit(sample(4, 3))).toBe(true)
  expect(repeats.admit(sample(7, 21, 'gateway'))).toBe(true)
  expect(repeats.admit({ ...sample(0, 20), value: null, quality: 0x8000 })).toBe(false)
})
