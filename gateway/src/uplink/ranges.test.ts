import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countOf, Ranges } from './ranges.ts'

test('J2 ranges hold what a plain set holds, whatever is added and removed', () => {
  const seed = Date.now() % 1_000_000_007
  console.log(`ranges seed ${seed}`)
  const step = fc.record({
    add: fc.boolean(),
    from: fc.integer({ min: 1, max: 40 }),
    length: fc.integer({ min: 0, max: 9 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const ranges = new Ranges()
      const plain = new Set<number>()
      for (const { add, from, length } of steps) {
        const range = { from, until: from + length }
        if (add) ranges.add(range)
        else ranges.remove(range)
        for (let i = from; i < from + length; i++) add ? plain.add(i) : plain.delete(i)
      }
      for (let i = 1; i <= 50; i++) expect(ranges.has(i)).toBe(plain.has(i))
      let first = 1
      while (plain.has(first)) first++
      expect(ranges.firstMissing(1)).toBe(first)
      expect(countOf(ranges.all)).toBe(plain.size)
      expect(countOf(ranges.missing({ from: 1, until: 61 }))).toBe(60 - plain.size)
      for (let i = 1; i < ranges.all.length; i++)
        expect(ranges.all[i]!.from).toBeGreaterThan(ranges.all[i - 1]!.until)
    }),
    { seed, numRuns: 300 },
  )
})
