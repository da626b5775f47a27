import { encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeParts } from './record-bytes.ts'

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 300 }))
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.nat(20_000).map((length) => new Uint8Array(length).fill(length % 256)),
)
const number = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32),
)

test('J1 records written by hand have the bytes that the encoder gives, and keep them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(number, bytes, fc.array(text, { maxLength: 30 })), { minLength: 1, maxLength: 20 }),
      (parts) => {
        const written = parts.map(([time, part, names]) => encodeParts(1, time, { bytes: part, names }))
        const expected = parts.map(([time, part, names]) => encode([1, time, part, ...names]))
        expect(written.map((one) => Buffer.from(one).toString('hex'))).toEqual(
          expected.map((one) => Buffer.from(one).toString('hex')),
        )
      },
    ),
  )
})
