import { FarwatchError, Name } from '@farwatch/model'
import { encode } from 'cborg'
import { z } from 'zod'
import { readSigned } from './chain.ts'
import { eddsa, openSign1, sign1, verifySign1 } from './cose.ts'
import { type SigningKey, type VerifyingKey, verifyingKey } from './keys.ts'

/** COSE key id: the first 8 bytes of SHA-256 over the SPKI, hex. */
export const KeyId = z.string().regex(/^[0-9a-f]{16}$/)

/**
 * A gateway's word that another key signs for it from here on. Signed by the new key (it is held), and that signature
 * signed by the old one (it agrees): COSE_Sign1 by `from` around COSE_Sign1 by the key in `publicKey` around this.
 */
export const KeyRotation = z.strictObject({
  v: z.literal(1),
  kind: z.literal('key-rotation'),
  gateway: Name,
  /** Key id of the old key. */
  from: KeyId,
  /** COSE algorithm and SPKI (base64) of the new key. */
  alg: z.literal(eddsa),
  publicKey: z.string().max(200),
  /** The last batch that the old key signed: what of this chain is on its way up to there stays good. */
  chain: z.string().regex(/^[0-9a-f]{16}$/),
  seq: z.number().int().nonnegative(),
  madeMs: z.number().int().nonnegative(),
})
export type KeyRotation = z.infer<typeof KeyRotation>

export const maxRotationBytes = 1_024

export function signRotation(
  place: Pick<KeyRotation, 'gateway' | 'chain' | 'seq' | 'madeMs'>,
  { from, to }: { from: SigningKey; to: SigningKey },
): Uint8Array {
  const statement: KeyRotation = {
    ...{ v: 1, kind: 'key-rotation', ...place },
    ...{ from: from.keyId, alg: eddsa, publicKey: to.publicKey },
  }
  return sign1(sign1(encode(statement), to), from)
}

/** Takes a statement apart and checks the new key's signature. @throws FarwatchError `bad-rotation`. */
export function openRotation(bytes: Uint8Array): {
  readonly statement: KeyRotation
  readonly newKey: VerifyingKey
  readonly isSignedBy: (old: VerifyingKey) => boolean
} {
  const fail = (problem: string, cause?: unknown): never => {
    throw new FarwatchError('bad-rotation', problem, { cause })
  }
  if (bytes.length > maxRotationBytes) return fail(`${bytes.length} bytes, at most ${maxRotationBytes}`)
  try {
    const outer = openSign1(bytes)
    const inner = openSign1(outer.payload)
    const statement = readSigned(inner.payload, KeyRotation)
    const newKey = verifyingKey(statement.publicKey)
    if (!verifySign1(inner, newKey)) return fail('the new key has not signed it')
    const isSignedBy = (old: VerifyingKey) => old.keyId === statement.from && verifySign1(outer, old)
    return { statement, newKey, isSignedBy }
  } catch (cause) {
    if (cause instanceof FarwatchError && cause.code === 'bad-rotation') throw cause
    return fail('not a statement of key rotation', cause)
  }
}
