import { expect, test } from 'vitest'
import { Repeats } from './repeats.ts'

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
