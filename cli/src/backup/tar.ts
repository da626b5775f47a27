import { FarwatchError } from '@farwatch/model'

/** The ustar format (POSIX.1-2001, pax interchange; only regular files), so that a backup can be opened with any tar. */
export const blockBytes = 512

export interface TarEntry {
  /** Relative, parts divided by `/`. */
  readonly name: string
  readonly bytes: number
}

/** Files and folders as Farwatch names them: nothing that leads out of a folder, nothing hidden. */
const safePart = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u

/** Whether a name stays within the folder it is put into. */
export function isSafePath(name: string): boolean {
  const parts = name.split('/')
  return parts.length <= 12 && parts.every((part) => part.length <= 255 && safePart.test(part))
}

/** @throws FarwatchError `bad-usage` for a name that ustar cannot hold. */
export function tarHeader({ name, bytes }: TarEntry, modifiedMs: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const { prefix, rest } = splitName(name)
  block.write(rest, 0)
  block.write('0000600\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124)
  const seconds = Math.floor(modifiedMs / 1_000)
  block.write(`${seconds.toString(8).padStart(11, '0')}\0`, 136)
  block.write('0', 156)
  block.write('ustar\x0000', 257, 'latin1')
  block.write(prefix, 345)
  block.write(`${sumOf(block).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function splitName(name: string): { prefix: string; rest: string } {
  if (Buffer.byteLength(name) <= 100) return { prefix: '', rest: name }
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    const [prefix, rest] = [name.slice(0, at), name.slice(at + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) return { prefix, rest }
  }
  throw new FarwatchError('bad-usage', `${name}: the name is too long for a backup`)
}

/** Undefined for the block of zeros that ends a tar. @throws FarwatchError `bad-backup`. */
export function readTarHeader(block: Buffer): TarEntry | undefined {
  if (block.length === blockBytes && block.every((byte) => byte === 0)) return undefined
  const text = (from: number, length: number) =>
    block.toString('utf8', from, from + length).replace(/\0.*$/s, '')
  const number = (from: number, length: number) => {
    const digits = text(from, length).trim()
    return /^[0-7]{1,11}$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
  }
  const fail = (problem: string): never => {
    throw new FarwatchError('bad-backup', `this is no backup of Farwatch: ${problem}`)
  }
  if (block.length < blockBytes) return fail('it ends too early')
  if (text(257, 6) !== 'ustar' || number(148, 8) !== sumOf(block)) return fail('a header is damaged')
  const prefix = text(345, 155)
  const name = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`
  if (text(156, 1) !== '0') return fail(`${JSON.stringify(name)} is not a plain file`)
  if (!isSafePath(name)) return fail(`${JSON.stringify(name)} would lead out of the data folder`)
  const bytes = number(124, 12)
  return Number.isNaN(bytes) ? fail(`the size of ${JSON.stringify(name)} is damaged`) : { name, bytes }
}

/** Zeros between the end of a file and the next header. */
export function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

/** Sum of all bytes, those of the sum itself taken as spaces. */
function sumOf(block: Buffer): number {
  let sum = 8 * 0x20
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += block[i]!
  return sum
}
