import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBitTable } from './address.ts'
import { maxBits, maxRegisters, plan, type Span, split } from './plan.ts'

const span = fc.record({
  unit: fc.integer({ min: 0, max: 2 }),
  table: fc.constantFrom('holding', 'coil' as const),
  start: fc.integer({ min: 0, max: 400 }),
  count: fc.constantFrom(1, 2, 4),
}) as fc.Arbitrary<Span>

const inside = (inner: Span, outer: Span) =>
  inner.unit === outer.unit &&
  inner.table === outer.table &&
  inner.start >= outer.start &&
  inner.start + inner.count <= outer.start + outer.count

test('F2 modbus: every value lies whole in exactly one request, and no request passes the bound', () => {
  fc.assert(
    fc.property(fc.array(span), fc.constantFrom(0, 3), (spans, maxGap) => {
      const blocks = plan(spans, maxGap)
      expect(blocks.flatMap((block) => block.spans).sort(ascending)).toEqual([...spans].sort(ascending))
      for (const block of blocks) {
        expect(block.count).toBeLessThanOrEqual(isBitTable(block.table) ? maxBits : maxRegisters)
        for (const one of block.spans) expect(inside(one, block)).toBe(true)
      }
    }),
  )
})

test('F2 modbus: no register is read that no point names, unless a gap is allowed', () => {
  fc.assert(
    fc.property(fc.array(span), fc.constantFrom(0, 1, 5), (spans, maxGap) => {
      for (const block of plan(spans, maxGap)) {
        let unnamed = 0
        for (let at = block.start; at < block.start + block.count; at++) {
          const named = block.spans.some(({ start, count }) => at >= start && at < start + count)
          unnamed = named ? 0 : unnamed + 1
          expect(unnamed).toBeLessThanOrEqual(maxGap)
        }
      }
    }),
  )
})

test('F2 modbus: neighbours are read together', () => {
  const registers = Array.from(
    { length: 300 },
    (_, start) => ({ unit: 1, table: 'holding', start, count: 1 }) as const,
  )
  expect(plan(registers).map(({ count }) => count)).toEqual([125, 125, 50])
  const floats = Array.from(
    { length: 100 },
    (_, i) => ({ unit: 1, table: 'input', start: i * 2, count: 2 }) as const,
  )
  expect(plan(floats).map(({ count }) => count)).toEqual([124, 76])
})

test('F2 modbus: splitting ends, keeps every value, and never cuts one', () => {
  fc.assert(
    fc.property(fc.array(span, { minLength: 1 }), (spans) => {
      const queue = plan(spans, 5)
      const last = []
      for (let block = queue.pop(); block !== undefined; block = queue.pop()) {
        const halves = split(block)
        if (halves === undefined) last.push(block)
        else {
          expect(halves[0].spans.length + halves[1].spans.length).toBe(block.spans.length)
          queue.push(...halves)
        }
      }
      expect(last.flatMap((block) => block.spans).sort(ascending)).toEqual([...spans].sort(ascending))
      for (const block of last)
        for (const one of block.spans) expect([one.start, one.count]).toEqual([block.start, block.count])
    }),
  )
})

function ascending(a: Span, b: Span): number {
  return a.unit - b.unit || a.table.localeCompare(b.table) || a.start - b.start || a.count - b.count
}
