import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JournalRecord } from './journal.ts'
import { Tail } from './tail.ts'

test('J5 the tail gives what was added last, within its bound, or says that it does not reach back', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(3_000) }),
    fc.record({
      from: fc.nat(400),
      records: fc.integer({ min: 1, max: 50 }),
      bytes: fc.integer({ min: 1, max: 9_000 }),
    }),
  )
  const maxBytes = 40_000
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const tail = new Tail(maxBytes)
      const all: JournalRecord[] = []
      for (const one of steps) {
        if ('add' in one) {
          const record = { position: 101 + all.length, payload: new Uint8Array(one.add) }
          all.push(record)
          tail.add(record)
          expect(tail.bytes).toBeLessThanOrEqual(maxBytes)
          continue
        }
        const from = 100 + one.from
        const found = tail.read(from, one)
        const index = from - 101
        const behind = all.slice(Math.max(0, index))
        // What lies behind fits with all that it costs: it must be there.
        const cost = behind.reduce((sum, { payload }) => sum + payload.length + 200, 0)
        if (index >= 0 && behind.length > 0 && cost <= maxBytes) expect(found).toBeDefined()
        if (found === undefined) continue
        expect(found[0]).toBe(all[index])
        expect(found).toEqual(all.slice(index, index + found.length))
        const before = found.slice(0, -1).reduce((sum, { payload }) => sum + payload.length, 0)
        expect(found.length <= one.records && before < one.bytes).toBe(true)
      }
    }),
  )
})
