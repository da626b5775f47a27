import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { FarwatchError } from '@farwatch/model'

/** A key that signs: Ed25519 today; `alg` in every signature leaves room for others (SM2). */
export interface SigningKey {
  /** First 8 bytes of SHA-256 over the public key's SPKI, hex. */
  readonly keyId: string
  /** SPKI, base64: what others verify with. */
  readonly publicKey: string
  readonly privateKey: KeyObject
}

export interface VerifyingKey {
  readonly keyId: string
  readonly key: KeyObject
}

/** A new key as PKCS #8 PEM, to be kept with mode 0600. */
export function generateKeyPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** @throws FarwatchError `bad-key`. */
export function signingKey(pem: string): SigningKey {
  try {
    const privateKey = createPrivateKey(pem)
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error(`found ${privateKey.asymmetricKeyType}`)
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
    return { keyId: keyIdOf(spki), publicKey: spki.toString('base64'), privateKey }
  } catch (cause) {
    throw new FarwatchError('bad-key', 'expected an Ed25519 private key as PKCS #8 PEM', { cause })
  }
}

/** @throws FarwatchError `bad-key`. */
export function verifyingKey(publicKey: string): VerifyingKey {
  try {
    const spki = Buffer.from(publicKey, 'base64')
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`found ${key.asymmetricKeyType}`)
    return { keyId: keyIdOf(spki), key }
  } catch (cause) {
    throw new FarwatchError('bad-key', 'expected an Ed25519 public key as base64 SPKI', { cause })
  }
}

function keyIdOf(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex').slice(0, 16)
}
