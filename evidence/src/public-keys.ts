import { FarwatchError } from '@farwatch/model'
import { z } from 'zod'
import { eddsa } from './cose.ts'
import type { KeyDirectory } from './key-log.ts'
import { verifyingKey } from './keys.ts'
import { KeyId } from './rotation.ts'

/** What a third person is given on another way than the export, to know whom to believe. */
const PublicKeys = z.strictObject({
  v: z.literal(1),
  keys: z.array(
    z.strictObject({
      owner: z.enum(['gateway', 'centre']),
      name: z.string(),
      keyId: KeyId,
      alg: z.literal(eddsa),
      /** SPKI, base64. */
      publicKey: z.string(),
      revokedFrom: z.iso.datetime().optional(),
    }),
  ),
})
export type PublicKeys = z.infer<typeof PublicKeys>

/** The public keys of a directory as JSON, for `farwatch verify --keys`. */
export function publicKeys(directory: KeyDirectory): string {
  const keys = directory.keys.map(({ owner, name, keyId, publicKey, revoked }) => ({
    ...{ owner, name, keyId, alg: eddsa, publicKey },
    ...(revoked === undefined ? {} : { revokedFrom: new Date(revoked.fromMs).toISOString() }),
  }))
  return JSON.stringify({ v: 1, keys } satisfies PublicKeys, undefined, 2)
}

/** @throws FarwatchError `bad-keys`. */
export function parsePublicKeys(text: string): PublicKeys {
  try {
    const parsed = PublicKeys.parse(JSON.parse(text))
    for (const { keyId, publicKey } of parsed.keys) {
      if (verifyingKey(publicKey).keyId !== keyId) throw new Error(`key id ${keyId} is not that of its key`)
    }
    return parsed
  } catch (cause) {
    const message = 'expected public keys as "farwatch keys list --public" prints them'
    throw new FarwatchError('bad-keys', message, { cause })
  }
}
