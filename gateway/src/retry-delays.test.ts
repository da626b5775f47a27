import fc from 'fast-check'
import { expect, test } from 'vitest'
import { retryDelays } from './retry-delays.ts'

test('F2 waits double up to the bound, each drawn from its upper half', () => {
  expect([...retryDelays({ firstMs: 100, maxMs: 1_000 }, () => 0).take(6)]).toEqual([
    50, 100, 200, 400, 500, 500,
  ])
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.infiniteStream(random), (stream) => {
      const delays = [...retryDelays({ firstMs: 100, maxMs: 1_000 }, () => stream.next().value).take(20)]
      for (const [i, delay] of delays.entries()) {
        const ceiling = Math.min(1_000, 100 * 2 ** i)
        expect(delay).toBeGreaterThanOrEqual(ceiling / 2)
        expect(delay).toBeLessThanOrEqual(ceiling)
      }
    }),
  )
})
