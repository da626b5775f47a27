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
  return readSign1(bytes) ?? checkSign1(bytes)
}

/** Everything before the payload as `sign1` writes it, with the key id left out: `18([h'A2 01 27 04 48 …', {}, …`. */
const beforeKeyId = Buffer.of(tag, 0x84, 0x4d, 0xa2, algHeader, 0x27, keyIdHeader, 0x48)
const keyIdBytes = 8
const signatureBytes = 64

/** A message as `sign1` writes it, read in one pass; undefined for anything else, which `checkSign1` judges. */
function readSign1(bytes: Uint8Array): Sign1 | undefined {
  for (let i = 0; i < beforeKeyId.length; i++) if (bytes[i] !== beforeKeyId[i]) return undefined
  const keyIdEnd = beforeKeyId.length + keyIdBytes
  // An empty map, then a payload of 24 to 65535 bytes, then the signature.
  if (bytes[keyIdEnd] !== 0xa0) return undefined
  const head = bytes[keyIdEnd + 1]
  const from = keyIdEnd + (head === 0x58 ? 3 : 4)
  const length =
    head === 0x58 ? bytes[from - 1]! : head === 0x59 ? bytes[from - 2]! * 256 + bytes[from - 1]! : 0
  const end = from + length
  const isShortest = head === 0x58 ? length >= 24 : length >= 256
  if (!isShortest || bytes[end] !== 0x58 || bytes[end + 1] !== signatureBytes) return undefined
  if (bytes.length !== end + 2 + signatureBytes) return undefined
  return {
    keyId: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(
      'hex',
      keyIdEnd - keyIdBytes,
      keyIdEnd,
    ),
    payload: bytes.subarray(from, end),
    protectedHeader: bytes.subarray(3, keyIdEnd),
    signature: bytes.subarray(end + 2),
  }
}

function checkSign1(bytes: Uint8Array): Sign1 {
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

/** `verifySign1` on the thread pool, for those who have many to verify beside other work. */
export function verifySign1Aside(message: Sign1, { keyId, key }: VerifyingKey): Promise<boolean> {
  if (keyId !== message.keyId || message.signature.length !== 64) return Promise.resolve(false)
  const signed = toBeSigned(message.protectedHeader, message.payload)
  return new Promise((resolve, reject) => {
    verify(null, signed, key, message.signature, (error, isGood) => (error ? reject(error) : resolve(isGood)))
  })
}

/** `["Signature1"` and, further on, the empty external data. */
const structureHead = Buffer.concat([Buffer.of(0x84, 0x6a), Buffer.from('Signature1')])
const noBytes = Buffer.of(0x40)

/** The head of a byte string (RFC 8949, 3.1). */
function headOf({ length }: Uint8Array): Uint8Array {
  if (length < 24) return Buffer.of(0x40 | length)
  if (length < 256) return Buffer.of(0x58, length)
  if (length < 65_536) return Buffer.of(0x59, length >> 8, length & 0xff)
  return Buffer.of(0x5a, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff)
}

/** Sig_structure of RFC 9052, 4.4. */
function toBeSigned(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  return Buffer.concat([
    structureHead,
    headOf(protectedHeader),
    protectedHeader,
    noBytes,
    headOf(payload),
    payload,
  ])
}
