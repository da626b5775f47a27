import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const stepS = 30
const digits = 6
/** 160 bits, as RFC 4226 section 4 recommends. */
const secretBytes = 20
/** A clock may be so many steps off, either way (RFC 6238 section 5.2). */
const drift = 1

/** A new secret in base32 (RFC 4648), as authenticator programs take it. */
export function newSecret(): string {
  return base32(randomBytes(secretBytes))
}

/** The address that an authenticator program reads from the QR code. */
export function otpauthUri(secret: string, account: string): string {
  const label = `Farwatch:${encodeURIComponent(account)}`
  return `otpauth://totp/${label}?secret=${secret}&issuer=Farwatch&algorithm=SHA1&digits=${digits}&period=${stepS}`
}

/**
 * The time step whose code this is, RFC 6238, one step of drift either way; undefined when it is none of them or not
 * newer than `lastStep`: a code holds once.
 */
export function stepOf(
  secret: string,
  code: string,
  { nowMs, lastStep }: { nowMs: number; lastStep: number },
): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined
  const now = Math.floor(nowMs / 1_000 / stepS)
  const key = fromBase32(secret)
  let found: number | undefined
  for (let step = now - drift; step <= now + drift; step++) {
    const same = timingSafeEqual(Buffer.from(hotp(key, step, digits)), Buffer.from(code))
    if (same && step > lastStep) found ??= step
  }
  return found
}

/** The code of a counter, RFC 4226 section 5.3. */
export function hotp(key: Uint8Array, counter: number, length: number): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac('sha1', key).update(message).digest()
  const offset = mac[mac.length - 1]! & 0xf
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** length).padStart(length, '0')
}

export function base32(bytes: Uint8Array): string {
  let text = ''
  let value = 0
  let bits = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      text += alphabet[(value >>> (bits - 5)) & 31]
      bits -= 5
    }
    value &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31]
}

export function fromBase32(text: string): Uint8Array {
  const bytes: number[] = []
  let value = 0
  let bits = 0
  for (const character of text) {
    value = (value << 5) | alphabet.indexOf(character)
    bits += 5
    if (bits < 8) continue
    bytes.push((value >>> (bits - 8)) & 255)
    bits -= 8
    value &= (1 << bits) - 1
  }
  return Uint8Array.from(bytes)
}
