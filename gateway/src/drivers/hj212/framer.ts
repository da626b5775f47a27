import { crcOf, crcText } from './crc.ts'
import { quoted } from './quoted.ts'

/** What is read although the standard has it otherwise. The first three are taken of everybody. */
export type Tolerance = 'lower-case-crc' | 'short-length' | 'missing-crlf' | OptionalTolerance

/**
 * What is taken only where the configuration says so: length and check are all that stands between a wrong byte and a wrong
 * value, and the check alone misses one larger fault in 256.
 */
export const optionalTolerances = ['wrong-length', 'swapped-crc'] as const
export type OptionalTolerance = (typeof optionalTolerances)[number]

export type FrameFault = 'rubbish' | 'wrong-length' | 'wrong-crc'

/** `plain` is the data segment; of an encrypted one what it says, without the encryption. */
export type Framed =
  | { readonly kind: 'frame'; readonly plain: Buffer; readonly wasEncrypted: boolean }
  | { readonly kind: 'tolerated'; readonly what: Tolerance }
  | { readonly kind: 'refused'; readonly refused: FrameFault; readonly detail: string }

export interface FramerOptions {
  readonly accept: ReadonlySet<OptionalTolerance>
  /** The plaintext of a segment, where its logger has a key. */
  readonly decrypt?: (segment: Buffer) => Buffer | undefined
  /** Whether a segment may hold any byte, and no end of a line is to be looked for within it. */
  readonly isBinary?: boolean
}

/** `##`, four digits, four digits of check, and CRLF; the longest segment that four digits can announce. */
const headBytes = 6
const crcBytes = 4
const maxSegmentBytes = 9_999
const [hash, zero, nine, cr, lf, blank] = [0x23, 0x30, 0x39, 0x0d, 0x0a, 0x20]
const mark = Buffer.from('##')

/**
 * Cuts what a logger sends into data segments (HJ 212-2017, 6.3.1), however TCP has cut it. A frame is given out only with the
 * right check; after anything else it looks for the next `##` right behind the refused one, so that a wrong length swallows
 * no good frame. Holds at most one unfinished frame, under 10 kB.
 */
export class Framer {
  readonly #options: FramerOptions
  #held: Buffer = Buffer.alloc(0)
  /** What is told of bytes before the next `##`: they end the last frame, they are the rest of a refused one, or rubbish. */
  #before: 'end' | 'rest' | 'nothing' = 'nothing'

  constructor(options: FramerOptions) {
    this.#options = options
  }

  /** Whether a frame has begun and is not complete. */
  get isHalf(): boolean {
    return this.#held.length >= mark.length
  }

  push(chunk: Buffer): Framed[] {
    const found: Framed[] = []
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    while (this.#seek(found) && this.#take(found));
    // Whatever is kept must not keep the whole chunk alive.
    this.#held = Buffer.from(this.#held)
    return found
  }

  /** Brings `##` to the beginning. False where there is none. */
  #seek(found: Framed[]): boolean {
    const at = this.#held.indexOf(mark)
    const end = at !== -1 ? at : this.#held.length - (this.#held.at(-1) === hash ? 1 : 0)
    const skipped = this.#held.subarray(0, end)
    this.#held = this.#held.subarray(end)
    const isBlank = skipped.every((byte) => byte === cr || byte === lf || byte === blank)
    if (!isBlank && this.#before !== 'rest')
      found.push({ kind: 'refused', refused: 'rubbish', detail: `outside of a frame: ${quoted(skipped)}` })
    if (at !== -1 && this.#before === 'end' && !skipped.subarray(0, 2).equals(Buffer.of(cr, lf)))
      found.push({ kind: 'tolerated', what: 'missing-crlf' })
    // The end of a line may come in two chunks; a CR that was seen alone counts as the whole of it.
    if (at !== -1 || (skipped.length > 0 && this.#before !== 'rest')) this.#before = 'nothing'
    return at !== -1
  }

  /** Takes one frame off the beginning, or refuses it. False where more is needed. */
  #take(found: Framed[]): boolean {
    // Of more than two marks the last two begin a frame.
    while (this.#held[mark.length] === hash) this.#held = this.#held.subarray(1)
    const held = this.#held
    let begin = mark.length
    while (begin < headBytes && held[begin]! >= zero && held[begin]! <= nine) begin++
    if (held.length === begin && begin < headBytes) return false
    const length = Number(held.toString('latin1', mark.length, begin))
    if (begin === mark.length || length === 0)
      return this.#refuse(found, 'wrong-length', 'no length after ##')
    const line = this.#options.isBinary ? -1 : endOfLine(held, begin)
    const end = begin + length + crcBytes
    const reachesOver = line !== -1 && line < end
    if (!reachesOver && held.length < end) return false
    const whole = reachesOver ? undefined : this.#open(held.subarray(begin, end))
    if (whole !== undefined) return this.#give(found, whole, { begin, end })
    return this.#takeLine(found, { begin, length, line })
  }

  /** The announced length did not lead to a right check: perhaps the end of the line does. */
  #takeLine(
    found: Framed[],
    { begin, length, line }: { begin: number; length: number; line: number },
  ): boolean {
    const { accept, decrypt } = this.#options
    const mayBeLonger = accept.has('wrong-length') || decrypt !== undefined
    if (line === -1 && mayBeLonger && this.#held.length - begin < maxSegmentBytes + crcBytes) return false
    const whole =
      line === -1 || line < begin + crcBytes ? undefined : this.#open(this.#held.subarray(begin, line))
    if (whole === undefined) {
      const detail = `no right check at the announced length of ${length}: ${quoted(this.#held)}`
      return this.#refuse(found, 'wrong-crc', detail)
    }
    // Of an encrypted segment the length may be that of what it says, as its check is.
    const isPlainLength = whole.wasEncrypted && whole.plain.length === length
    if (!isPlainLength && !accept.has('wrong-length')) {
      const detail = `${length} announced, ${line - begin - crcBytes} bytes with a right check: ${quoted(this.#held)}`
      return this.#refuse(found, 'wrong-length', detail)
    }
    if (!isPlainLength) found.push({ kind: 'tolerated', what: 'wrong-length' })
    return this.#give(found, whole, { begin, end: line })
  }

  #give(found: Framed[], whole: Opened, { begin, end }: { begin: number; end: number }): true {
    const { plain, wasEncrypted, tolerated } = whole
    if (begin < headBytes) found.push({ kind: 'tolerated', what: 'short-length' })
    if (tolerated !== undefined) found.push({ kind: 'tolerated', what: tolerated })
    found.push({ kind: 'frame', plain: Buffer.from(plain), wasEncrypted })
    this.#held = this.#held.subarray(end)
    this.#before = 'end'
    return true
  }

  #refuse(found: Framed[], refused: FrameFault, detail: string): true {
    found.push({ kind: 'refused', refused, detail })
    this.#held = this.#held.subarray(mark.length)
    this.#before = 'rest'
    return true
  }

  /** A segment and the four characters behind it; undefined where they do not fit. */
  #open(bytes: Buffer): Opened | undefined {
    const segment = bytes.subarray(0, -crcBytes)
    const check = bytes.toString('latin1', bytes.length - crcBytes)
    if (!/^[0-9A-Fa-f]{4}$/.test(check)) return undefined
    const plainly = this.#fits(segment, check)
    if (plainly !== undefined) return { ...plainly, plain: segment, wasEncrypted: false }
    const plain = this.#options.decrypt?.(segment)
    const within = plain && this.#fits(plain, check)
    return within && { ...within, plain, wasEncrypted: true }
  }

  #fits(segment: Buffer, check: string): { tolerated?: Tolerance } | undefined {
    const right = crcText(crcOf(segment))
    if (check === right) return {}
    if (check.toUpperCase() === right) return { tolerated: 'lower-case-crc' }
    const swapped = check.slice(2) + check.slice(0, 2)
    if (this.#options.accept.has('swapped-crc') && swapped.toUpperCase() === right)
      return { tolerated: 'swapped-crc' }
    return undefined
  }
}

interface Opened {
  readonly plain: Buffer
  readonly wasEncrypted: boolean
  readonly tolerated?: Tolerance
}

function endOfLine(held: Buffer, from: number): number {
  const near = held.subarray(0, from + maxSegmentBytes + crcBytes + 1)
  const ends = [near.indexOf(cr, from), near.indexOf(lf, from)].filter((at) => at !== -1)
  return ends.length === 0 ? -1 : Math.min(...ends)
}
