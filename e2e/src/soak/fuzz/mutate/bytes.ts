import type { Random } from '../random.ts'

const extremes = [0x00, 0x01, 0x17, 0x18, 0x1b, 0x1f, 0x7f, 0x80, 0x9f, 0xbf, 0xdf, 0xfb, 0xfe, 0xff] as const

/** Changes that know nothing of the format: flipped bits, cuts, copies, splices with another input, extreme numbers. */
export function mutateBytes(
  input: Uint8Array,
  random: Random,
  others: readonly Uint8Array[] = [input],
): Uint8Array {
  let bytes = Buffer.from(input)
  for (let changes = 1 + random.below(3); changes > 0; changes--) bytes = change(bytes, random, others)
  return bytes
}

function change(bytes: Buffer, random: Random, others: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const at = random.below(bytes.length)
  const end = at + random.below(Math.min(64, bytes.length - at) + 1)
  const copy = Buffer.from(bytes)
  switch (random.below(9)) {
    case 0:
      if (copy.length > 0) copy[at]! ^= 1 << random.below(8)
      return copy
    case 1:
      if (copy.length > 0) copy[at] = random.pick(extremes)
      return copy
    case 2:
      return copy.subarray(0, at)
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(end)])
    case 4:
      return Buffer.concat([copy.subarray(0, end), copy.subarray(at)])
    case 5: {
      const other = Buffer.from(random.pick(others))
      return Buffer.concat([copy.subarray(0, at), other.subarray(random.below(other.length + 1))])
    }
    case 6:
      return Buffer.concat([
        copy.subarray(0, at),
        randomBytes(1 + random.below(16), random),
        copy.subarray(at),
      ])
    case 7:
      return copy.fill(random.pick(extremes), at, end)
    default:
      return random.chance(0.02)
        ? Buffer.concat([copy, Buffer.alloc(random.below(1_000_000), random.pick(extremes))])
        : swapped(copy, at, end)
  }
}

function swapped(bytes: Buffer<ArrayBuffer>, at: number, end: number): Buffer<ArrayBuffer> {
  bytes.subarray(at, end).reverse()
  return bytes
}

function randomBytes(count: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.below(256)))
}
