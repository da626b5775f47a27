import { packSeries } from '@farwatch/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CopyEncoder, encodeReadings, storable } from './binary-copy.ts'

const header = 19

test('timestamps and positions are the int64 that BigInt arithmetic gives', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 253_402_300_799_999 }),
      fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 1 }),
      (timeMs, position) => {
        const bytes = Buffer.from(new CopyEncoder().row(2).timestamp(timeMs).int8(position).finish())
        expect(bytes.readBigInt64BE(header + 2 + 4)).toBe((BigInt(timeMs) - 946_684_800_000n) * 1_000n)
        expect(bytes.readBigInt64BE(header + 2 + 12 + 4)).toBe(BigInt(position))
      },
    ),
  )
})

test('the buffer grows at any field', () => {
  for (let before = 0; before < 40; before++) {
    const encoder = new CopyEncoder().row(1).bytes(new Uint8Array(4_040 + before))
    const bytes = Buffer.from(encoder.row(2).int8(7).timestamp(946_684_800_001).finish())
    expect(bytes.subarray(-26, -2).toString('hex')).toBe(
      '00000008000000000000000700000008000000000000' + '03e8',
    )
  }
})

test('the one-pass encoder of readings writes what the general one writes', () => {
  const reading = fc.record({
    timeMs: fc.integer({ min: 0, max: 253_402_300_799_999 }),
    value: fc.double({ noDefaultInfinity: true }),
    quality: fc.integer({ min: 0, max: 65_535 }),
  })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.array(reading, { minLength: 1 }))),
      (all) => {
        const slow = new CopyEncoder()
        for (const [pointId, rows] of all) {
          for (const { timeMs, value, quality } of rows) {
            slow
              .row(5)
              .timestamp(timeMs)
              .int4(pointId)
              .float8(Number.isNaN(value) ? null : value)
              .bytes(Uint8Array.of(quality >> 8, quality & 255))
              .int8(7)
          }
        }
        const fast = encodeReadings(
          all.map(([pointId, rows]) => ({
            pointIds: Int32Array.of(0, pointId),
            position: 7,
            readings: packSeries([
              { point: 'S/d/left-out', timeSource: 'device', timesMs: [1], values: [1], qualities: [0] },
              {
                point: 'S/d/m',
                timeSource: 'device',
                timesMs: rows.map(({ timeMs }) => timeMs),
                values: rows.map(({ value }) => value),
                qualities: rows.map(({ quality }) => quality),
              },
            ]),
          })),
        )
        expect(Buffer.compare(fast, slow.finish())).toBe(0)
      },
    ),
  )
})

test('F8 text that PostgreSQL cannot hold is made storable', () => {
  expect(storable('a\0b\ud800c氨')).toBe('a\ufffdb\ufffdc氨')
})
