import { crc32 } from 'node:zlib'

/**
 * Items in a file, so that damage to one does not hide the next: "FWE1", length (uint32 BE), CRC-32 of the payload (uint32
 * BE), payload.
 */
const mark = Buffer.from('FWE1', 'latin1')
const headBytes = 12

export function frame(payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(headBytes)
  mark.copy(head)
  head.writeUInt32BE(payload.length, 4)
  head.writeUInt32BE(crc32(payload), 8)
  return Buffer.concat([head, payload])
}

export interface Frame {
  readonly offset: number
  readonly payload: Buffer
  /** False where bytes of this frame are not those that were written. */
  readonly intact: boolean
}

/** Every frame; what lies between whole ones is given as one that is not intact. */
export function* readFrames(bytes: Buffer): Generator<Frame> {
  for (let at = 0; at < bytes.length; ) {
    const end = endOf(bytes, at)
    if (end !== undefined) {
      yield { offset: at, payload: bytes.subarray(at + headBytes, end), intact: true }
      at = end
      continue
    }
    const next = nextWhole(bytes, at + 1)
    yield { offset: at, payload: bytes.subarray(Math.min(at + headBytes, next), next), intact: false }
    at = next
  }
}

/** Where a whole frame that begins here ends. */
function endOf(bytes: Buffer, at: number): number | undefined {
  if (at + headBytes > bytes.length || mark.compare(bytes, at, at + 4) !== 0) return undefined
  const end = at + headBytes + bytes.readUInt32BE(at + 4)
  if (end > bytes.length) return undefined
  return crc32(bytes.subarray(at + headBytes, end)) === bytes.readUInt32BE(at + 8) ? end : undefined
}

function nextWhole(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    if (endOf(bytes, at) !== undefined) return at
  }
  return bytes.length
}
