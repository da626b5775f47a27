import { createCipheriv, createDecipheriv } from 'node:crypto'

/** How the ciphertext of HJ 212-2025 stands in the frame; its annex can be read in more than one way. */
export const cipherForms = ['hex', 'base64', 'binary'] as const
export type CipherForm = (typeof cipherForms)[number]

const blockBytes = 16
const open = Buffer.from('CP=&&')
const close = Buffer.from('&&')

/**
 * The plaintext of a segment whose data area is encrypted with SM4-ECB (HJ 212-2025): whole blocks without padding, and a
 * tail shorter than a block that stays plain. Undefined where there is no ciphertext of that form. Whether the key was right
 * tells the check alone, which covers the plaintext.
 */
export function decryptSegment(segment: Buffer, key: Buffer, form: CipherForm): Buffer | undefined {
  const from = segment.indexOf(open) + open.length
  const to = segment.lastIndexOf(close)
  if (from < open.length || to < from) return undefined
  const area = unfold(segment.subarray(from, to), form)
  if (area === undefined) return undefined
  const decipher = createDecipheriv('sm4-ecb', key, null).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(area.cipher), decipher.final(), area.tail])
  return Buffer.concat([segment.subarray(0, from), plain, segment.subarray(to)])
}

/** The segment with its data area encrypted; one that is shorter than a block stays plain. */
export function encryptSegment(segment: Buffer, key: Buffer, form: CipherForm): Buffer {
  const from = segment.indexOf(open) + open.length
  const to = segment.lastIndexOf(close)
  const whole = to - from - ((to - from) % blockBytes)
  if (whole <= 0) return segment
  const cipher = createCipheriv('sm4-ecb', key, null).setAutoPadding(false)
  const blocks = Buffer.concat([cipher.update(segment.subarray(from, from + whole)), cipher.final()])
  const code =
    form === 'binary'
      ? blocks
      : Buffer.from(form === 'hex' ? blocks.toString('hex').toUpperCase() : blocks.toString('base64'))
  return Buffer.concat([segment.subarray(0, from), code, segment.subarray(from + whole)])
}

/** Whole blocks, and the plain rest behind them. */
function unfold(area: Buffer, form: CipherForm): { cipher: Buffer; tail: Buffer } | undefined {
  if (form === 'binary') {
    const whole = area.length - (area.length % blockBytes)
    return whole === 0 ? undefined : { cipher: area.subarray(0, whole), tail: area.subarray(whole) }
  }
  // The tail is plain text and may itself look like the code. Blocks have a fixed length in it, so that the code's own
  // characters are counted in whole blocks and what is left over is the tail.
  const text = area.toString('latin1')
  const [digits] = (form === 'hex' ? /^[0-9A-Fa-f]*/ : /^[A-Za-z0-9+/]*={0,2}/).exec(text)!
  const blockLength = 2 * blockBytes
  const length =
    form === 'hex' ? digits.length - (digits.length % blockLength) : base64Length(digits, text.length)
  const cipher = Buffer.from(text.slice(0, length), form)
  const tail = area.subarray(length)
  if (length === 0 || cipher.length % blockBytes !== 0 || tail.length >= blockBytes) return undefined
  return { cipher, tail }
}

/** The longest beginning of `digits` that is base64 of whole blocks, padded as that is. */
function base64Length(digits: string, total: number): number {
  for (let blocks = Math.floor((total * 3) / 4 / blockBytes); blocks > 0; blocks--) {
    const length = Math.ceil((blocks * blockBytes) / 3) * 4
    const padding = '='.repeat((3 - ((blocks * blockBytes) % 3)) % 3)
    if (length <= digits.length && digits.slice(0, length).endsWith(padding)) return length
  }
  return 0
}

/** HJ 212-2025: what is measured, keys and parameters travel encrypted. */
export function mustBeEncrypted(cn: string): boolean {
  return /^2\d{3}$/.test(cn) || cn === '1014' || cn === '3020'
}
