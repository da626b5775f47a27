import { createHash } from 'node:crypto'
import type { LiveBounds } from './bounds.ts'

export interface Picture {
  /** JPEG */
  readonly bytes: Uint8Array
  readonly receivedMs: number
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string
}

/** Where the page finds a picture; the hash makes it a new address whenever the picture is a new one. */
export function pictureUrl(device: string, { sha256 }: Picture): string {
  const path = device.split('/').map(encodeURIComponent).join('/')
  return `/api/cameras/${path}/picture.jpg?v=${sha256.slice(0, 16)}`
}

/** The newest picture of each camera, within a budget of bytes: when it is used up, the oldest pictures go. */
export class PictureShelf {
  readonly #bounds: Pick<LiveBounds, 'pictureBytes' | 'picturesBytes'>
  readonly #pictures = new Map<string, Picture>()
  #bytes = 0

  constructor(bounds: Pick<LiveBounds, 'pictureBytes' | 'picturesBytes'>) {
    this.#bounds = bounds
  }

  get(device: string): Picture | undefined {
    return this.#pictures.get(device)
  }

  /** `refused`: no JPEG, or too large. `older`: a newer one is there already. Otherwise whose pictures had to go. */
  put(device: string, bytes: Uint8Array, receivedMs: number): 'refused' | 'older' | { evicted: string[] } {
    if (!isJpeg(bytes) || bytes.length > this.#bounds.pictureBytes) return 'refused'
    const before = this.#pictures.get(device)
    if (before !== undefined && before.receivedMs > receivedMs) return 'older'
    this.#remove(device)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    this.#pictures.set(device, { bytes, receivedMs, sha256 })
    this.#bytes += bytes.length
    const evicted: string[] = []
    while (this.#bytes > this.#bounds.picturesBytes) {
      const oldest = this.#oldest()
      this.#remove(oldest)
      evicted.push(oldest)
    }
    return { evicted }
  }

  #remove(device: string): void {
    this.#bytes -= this.#pictures.get(device)?.bytes.length ?? 0
    this.#pictures.delete(device)
  }

  #oldest(): string {
    let found = ''
    let oldestMs = Infinity
    for (const [device, { receivedMs }] of this.#pictures) {
      if (receivedMs >= oldestMs) continue
      oldestMs = receivedMs
      found = device
    }
    return found
  }
}

/** Every JPEG begins with SOI and a marker (ISO/IEC 10918-1, B.1.1.3). */
function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff
}
