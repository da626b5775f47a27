import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketBound } from './packet-bound.ts'

/** A packet of type PUBLISH whose body has this many bytes. */
function packet(bodyBytes: number): Buffer {
  const length: number[] = []
  let rest = bodyBytes
  do {
    const digit = rest % 128
    rest = Math.floor(rest / 128)
    length.push(rest > 0 ? digit | 0x80 : digit)
  } while (rest > 0)
  return Buffer.concat([Buffer.from([0x30, ...length]), Buffer.alloc(bodyBytes, 0xff)])
}

test('F8 mqtt: however the bytes are cut, packets within the bound pass and the first one over it is refused', () => {
  const size = fc.integer({ min: 0, max: 20_000 })
  fc.assert(
    fc.property(
      fc.array(size),
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }),
      (sizes, cuts) => {
        const bytes = Buffer.concat(sizes.map(packet))
        const bound = new PacketBound(16_000)
        let refused = false
        for (let at = 0, i = 0; at < bytes.length && !refused; i++) {
          const next = at + cuts[i % cuts.length]!
          refused = bound.check(bytes.subarray(at, next)) !== undefined
          at = next
        }
        expect(refused).toBe(sizes.some((one) => one > 16_000))
      },
    ),
  )
})

test('F8 mqtt: 100 MB are refused by their header alone, and so is a length that never ends', () => {
  const bound = new PacketBound(65_536)
  expect(bound.check(packet(100_000_000).subarray(0, 5))).toContain('more than 65536 bytes')
  expect(new PacketBound(300_000_000).check(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]))).toContain(
    'malformed',
  )
})
