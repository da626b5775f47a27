import { expect, test } from 'vitest'
import { growthOf, isFlat, type Sample } from './growth.ts'

/** Eight minutes, a sample each ten seconds, with noise of ±10 MB that repeats. */
const run = (bytesAt: (minute: number) => number): Sample[] =>
  Array.from({ length: 48 }, (_, i) => ({
    atMs: i * 10_000,
    heapBytes: bytesAt(i / 6) + ([10e6, -10e6, 3e6, -3e6][i % 4] ?? 0),
    residentBytes: 0,
  }))

const heap = ({ heapBytes }: Sample) => heapBytes

test('J5 noise and one high sample are flat, a slow leak is not', () => {
  expect(
    isFlat(
      growthOf(
        run(() => 80e6),
        heap,
      ),
    ),
  ).toBe(true)
  expect(
    isFlat(
      growthOf(
        run((minute) => (minute === 7 ? 200e6 : 80e6)),
        heap,
      ),
    ),
  ).toBe(true)
  expect(
    isFlat(
      growthOf(
        run((minute) => 80e6 + minute * 3e6),
        heap,
      ),
    ),
  ).toBe(false)
  const { first, last, rise } = growthOf(
    run((minute) => 80e6 + minute * 3e6),
    heap,
  )
  expect(rise).toBeGreaterThan(22e6)
  expect(last).toBeGreaterThan(first + 15e6)
})
