import { join } from 'node:path'
import { generateKeyPem, type SigningKey, signingKey } from '@farwatch/evidence'
import { readIfPresent, writeAtomically } from '@farwatch/runtime'

/** The gateway's signing key, made on first start and kept in its home with mode 0600. */
export async function loadSigningKey(home: string): Promise<SigningKey> {
  const path = join(home, 'gateway-key.pem')
  const stored = await readIfPresent(path)
  if (stored !== undefined) return signingKey(stored)
  const pem = generateKeyPem()
  await writeAtomically(path, pem)
  return signingKey(pem)
}
