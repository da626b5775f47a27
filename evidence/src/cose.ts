import { sign, verify } from 'node:crypto'
import { FarwatchError } from '@farwatch/model'
import { decode, encode } from 'cborg'
import type { SigningKey, VerifyingKey } from './keys.ts'

/** COSE header parameters and algorithm, RFC 9052 3.1 and RFC 9053 2.2. */
const algHeader = 1
const keyIdHeader = 4
/** EdDSA, the one algorithm today; signatures and key entries name theirs, so that others (SM2) can follow. */
export const eddsa = -8 as const
/** CBOR tag 18, COSE_Sign1. */
const tag = 0xd2
/** One spelling only: the hash of a batch goes over these bytes, and a second one would verify under another hash. */
const strict = { strict: true, rejectDuplicateMapKeys: true, useMaps: true, allowIndefinite: false }

export interface Sign1 {
  readonly keyId: string
  readonly payload: Uint8Array
  readonly protectedHeader: Uint8Array
  readonly signature: Uint8Array
}

/** A tagged COSE_Sign1 (RFC 9052, 4.2) with the key's id in the protected header. */
export function sign1(payload: Uint8Array, key: SigningKey): Uint8Array {
  const protectedHeader = encode(
    new Map<number, unknown>([
      [algHeader, eddsa],
      [keyIdHeader, Buffer.from(key.keyId, 'hex')],
    ]),
  )
  const signature = sign(null, toBeSigned(protectedHeader, payload), key.privateKey)
  return Buffer.concat([Buffer.of(tag), encode([protectedHeader, new Map(), payload, signature])])
}

/** Takes a COSE_Sign1 apart without verifying it. @throws FarwatchError `bad-signature-format`. */
export function openSign1(bytes: Uint8Array): Sign1 {
  const fail = (message: string, cause?: unknown): never => {
    throw new FarwatchError('bad-signature-format', message, { cause })
  }
  if (bytes[0] !== tag) return fail('not a COSE_Sign1 (tag 18 is missing)')
  let parts: unknown
  let header: unknown
  try {
    parts = decode(bytes.subarray(1), strict)
    header = Array.isArray(parts) ? decode(parts[0] as Uint8Array, strict) : undefined
  } catch (cause) {
    return fail('not strict CBOR', cause)
  }
  if (!Array.isArray(parts) || parts.length !== 4 || !(header instanceof Map)) return fail('not a COSE_Sign1')
  const [protectedHeader, unprotectedHeader, payload, signature] = parts as unknown[]
  const keyId: unknown = header.get(keyIdHeader)
  const algorithm: unknown = header.get(algHeader)
  if (algorithm !== eddsa) {
    // Anything may stand there, of any size and depth.
    const found = typeof algorithm === 'number' ? algorithm : typeof algorithm
    return fail(`algorithm ${found}, expected -8 (EdDSA)`)
  }
  if (!(keyId instanceof Uint8Array) || keyId.length !== 8) return fail('key id is not 8 bytes')
  // Whatever is not signed could be changed on the way without notice: nothing may stand there.
  if (!(unprotectedHeader instanceof Map) || unprotectedHeader.size > 0)
    return fail('unprotected header is not empty')
  if (
    !(
      protectedHeader instanceof Uint8Array &&
      payload instanceof Uint8Array &&
      signature instanceof Uint8Array
    )
  ) {
    return fail('not a COSE_Sign1')
  }
  return { keyId: Buffer.from(keyId).toString('hex'), payload, protectedHeader, signature }
}

export function verifySign1(message: Sign1, key: VerifyingKey): boolean {
  return (
    key.keyId === message.keyId &&
    message.signature.length === 64 &&
    verify(null, toBeSigned(message.protectedHeader, message.payload), key.key, message.signature)
  )
}

/** Sig_structure of RFC 9052, 4.4. */
function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(['Signature1', protectedHeader, new Uint8Array(0), payload])
}
