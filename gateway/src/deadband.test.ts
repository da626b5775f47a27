import { expect, test } from 'vitest'
import { Deadband } from './deadband.ts'

const sample = (value: number | null, timeMs: number, quality = 0, point = 'S/d/m') =>
  ({ point, timeMs, timeSource: 'gateway', value, quality }) as const

test('F2 small changes are held back, large ones and changes of quality pass', () => {
  const deadband = new Deadband(new Map([['S/d/m', { deadband: 0.5, intervalMs: 1_000 }]]))
  expect(deadband.passes(sample(10, 0))).toBe(true)
  expect(deadband.passes(sample(10.4, 1_000))).toBe(false)
  // Measured from what was let through, so that a slow drift is not lost.
  expect(deadband.passes(sample(10.5, 2_000))).toBe(true)
  expect(deadband.passes(sample(10.5, 3_000, 0x4000))).toBe(true)
  expect(deadband.passes(sample(null, 4_000, 0x8000))).toBe(true)
  expect(deadband.passes(sample(null, 5_000, 0x8000))).toBe(false)
  expect(deadband.passes(sample(10.5, 6_000))).toBe(true)
})

test('F2 a steady point still reports every ten intervals, and a point without a deadband always', () => {
  const deadband = new Deadband(new Map([['S/d/m', { deadband: 0.5, intervalMs: 1_000 }]]))
  const passed = Array.from({ length: 25 }, (_, i) => i).filter((i) => deadband.passes(sample(1, i * 1_000)))
  expect(passed).toEqual([0, 10, 20])
  expect([0, 1].map((i) => deadband.passes(sample(1, i, 0, 'S/d/other')))).toEqual([true, true])
})
