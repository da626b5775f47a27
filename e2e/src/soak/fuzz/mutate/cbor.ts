import type { Random } from '../random.ts'
import { mutateBytes } from './bytes.ts'
import { mutateText } from './text.ts'

/**
 * Changes CBOR (RFC 8949) as a tree: the bytes around a change stay well-formed, so that it reaches the code behind the
 * first look. Byte strings that hold CBOR themselves are part of the tree.
 */
export function mutateCbor(input: Uint8Array, random: Random): Uint8Array {
  const root = readTree(input)
  if (root === undefined) return mutateBytes(input, random)
  for (let changes = 1 + random.below(3); changes > 0; changes--) change(root, random)
  return write(root)
}

/** One item; `raw` stands instead of it where something was made that no tree can say. */
interface Item {
  major: number
  argument: bigint
  content: Uint8Array
  parts: Item[]
  /** A head that says something else than what follows. */
  lie?: Uint8Array
  raw?: Uint8Array
}

const maxDepth = 24

/** The whole input as one item, or undefined where it is not one. */
function readTree(bytes: Uint8Array, depth = 0): Item | undefined {
  const read = readItem(bytes, 0, depth)
  return read !== undefined && read.end === bytes.length ? read.item : undefined
}

function readItem(bytes: Uint8Array, at: number, depth: number): { item: Item; end: number } | undefined {
  if (at >= bytes.length || depth > maxDepth) return undefined
  const major = bytes[at]! >> 5
  const info = bytes[at]! & 31
  if (info > 27) return undefined
  const size = info < 24 ? 0 : 2 ** (info - 24)
  const end = at + 1 + size
  if (end > bytes.length) return undefined
  let argument = BigInt(info < 24 ? info : 0)
  for (let i = at + 1; i < end; i++) argument = argument * 256n + BigInt(bytes[i]!)
  if (major === 7) return { item: { ...leaf(bytes.subarray(at, end)) }, end }
  const item: Item = { major, argument, content: new Uint8Array(0), parts: [] }
  if (major === 2 || major === 3) {
    const until = end + Number(argument)
    if (until > bytes.length) return undefined
    item.content = bytes.subarray(end, until)
    const inner = major === 2 && item.content.length > 3 ? readTree(item.content, depth + 1) : undefined
    if (inner !== undefined && inner.major > 3 && inner.raw === undefined) item.parts = [inner]
    return { item, end: until }
  }
  const count = major === 4 ? Number(argument) : major === 5 ? 2 * Number(argument) : major === 6 ? 1 : 0
  let next = end
  for (let i = 0; i < count; i++) {
    const part = readItem(bytes, next, depth + 1)
    if (part === undefined) return undefined
    item.parts.push(part.item)
    next = part.end
  }
  return { item, end: next }
}

function write(item: Item): Uint8Array {
  if (item.raw !== undefined) return item.raw
  const isString = item.major === 2 || item.major === 3
  const parts = item.parts.map(write)
  const body = isString && parts.length === 0 ? item.content : Buffer.concat(parts)
  const count = item.major === 5 ? parts.length >> 1 : parts.length
  const argument = isString
    ? BigInt(body.length)
    : item.major === 4 || item.major === 5
      ? BigInt(count)
      : item.argument
  return Buffer.concat([item.lie ?? head(item.major, argument), body])
}

function head(major: number, argument: bigint, width = widthOf(argument)): Uint8Array {
  if (width === 0) return Buffer.of((major << 5) | Number(argument))
  const bytes = Buffer.alloc(9)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, argument), 1)
  const cut = bytes.subarray(8 - width)
  cut[0] = (major << 5) | (24 + Math.log2(width))
  return cut
}

function widthOf(argument: bigint): number {
  if (argument < 24n) return 0
  if (argument < 2n ** 8n) return 1
  if (argument < 2n ** 16n) return 2
  return argument < 2n ** 32n ? 4 : 8
}

function leaf(raw: Uint8Array): Item {
  return { major: 7, argument: 0n, content: new Uint8Array(0), parts: [], raw }
}

const extremeNumbers = [
  0n,
  1n,
  23n,
  24n,
  255n,
  65_535n,
  65_536n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 53n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
] as const

/** null, undefined, simple values, floats (NaN, ±∞, −0, 1.0 in three widths), bignums, indefinite lengths, a lone break. */
const extremeItems = [
  'f6',
  'f7',
  'f4',
  'f5',
  'f8ff',
  'f97e00',
  'f97c00',
  'f9fc00',
  'f98000',
  'f93c00',
  'fa3f800000',
  'fb3ff0000000000000',
  'fb7fefffffffffffff',
  'c249010000000000000000',
  'c349010000000000000000',
  '9fff',
  'bfff',
  '5fff',
  '7fff',
  'ff',
  '20',
  '3bffffffffffffffff',
  '80',
  'a0',
  '40',
  '60',
  '1b0020000000000000',
  '181f',
  '63efbbbf',
  '62c0af',
  '63eda080',
].map((hex) => Buffer.from(hex, 'hex'))

function change(root: Item, random: Random): void {
  const places = itemsOf(root)
  const { item, parent, index } = random.pick(places)
  switch (random.below(9)) {
    case 0:
      item.lie = head(
        item.major & 7,
        BigInt(item.parts.length || item.content.length) + BigInt(random.below(5) - 2),
        random.pick([1, 2, 4, 8]),
      )
      break
    case 1:
      item.lie = head(item.major & 7, random.pick(extremeNumbers), 8)
      break
    case 2:
      if (item.major < 2) item.argument = random.pick(extremeNumbers)
      else item.raw = random.pick(extremeItems)
      break
    case 3:
      if (parent !== undefined)
        parent.parts.splice(
          index,
          0,
          ...(parent.major === 5 ? parent.parts.slice(index & ~1, (index & ~1) + 2) : [item]),
        )
      break
    case 4:
      parent?.parts.splice(index, 1 + random.below(2))
      break
    case 5: {
      const other = random.pick(places).item
      if (other.raw !== undefined) item.raw = other.raw
      else item.raw = write(other)
      break
    }
    case 6: {
      const levels = random.chance(0.02) ? 10_000 + random.below(90_000) : 1 + random.below(40)
      const opening = random.pick([0x81, 0xa1, 0xc1, 0x9f])
      item.raw = Buffer.concat([Buffer.alloc(levels, opening), write(item)])
      break
    }
    case 7:
      if (parent !== undefined && parent.parts.length > 1) {
        const other = random.below(parent.parts.length)
        parent.parts[index] = parent.parts[other]!
        parent.parts[other] = item
      }
      break
    default:
      changeContent(item, random)
  }
}

function changeContent(item: Item, random: Random): void {
  if (item.major === 3) item.content = Buffer.from(mutateText(Buffer.from(item.content).toString(), random))
  else if (item.major === 2 && item.parts.length === 0) item.content = mutateBytes(item.content, random)
  else if (item.major < 2) item.argument += BigInt(random.below(3) - (item.argument > 0n ? 1 : 0))
  else item.raw = mutateBytes(write(item), random)
}

interface Place {
  readonly item: Item
  readonly parent: Item | undefined
  readonly index: number
}

function itemsOf(root: Item): Place[] {
  const places: Place[] = [{ item: root, parent: undefined, index: 0 }]
  for (const { item } of places) {
    // A list that was doubled on and on would grow without end.
    if (places.length > 5_000) break
    for (const [index, part] of item.parts.entries()) places.push({ item: part, parent: item, index })
  }
  return places
}
