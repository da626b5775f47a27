import type { Sign1 } from '../cose.ts'
import { verifySign1 } from '../cose.ts'
import { type KeyDirectory, type KnownKey, refusalOfKey } from '../key-log.ts'
import { type VerifyingKey, verifyingKey } from '../keys.ts'
import type { PublicKeys } from '../public-keys.ts'
import type { Finding } from './finding.ts'

type Owner = { readonly owner: 'gateway' | 'centre'; readonly name?: string }

/** Whom to believe: the export's key directory, within what was given from outside if anything was. */
export class KeyRing {
  readonly #directory: KeyDirectory
  readonly #given: PublicKeys | undefined

  constructor(directory: KeyDirectory, given: PublicKeys | undefined) {
    this.#directory = directory
    this.#given = given
  }

  /** Why this signature does not stand; undefined where it does. Without `receipt` only the signature itself is judged. */
  check(
    signed: Sign1,
    signer: Owner,
    receipt?: { receivedMs: number; chain: string; seq: number },
  ): Pick<Finding, 'code' | 'found' | 'detail'> | undefined {
    const found = this.#find(signed.keyId, signer)
    if (found === undefined) return { code: 'unknown-key', found: signed.keyId }
    if (!verifySign1(signed, found.key)) return { code: 'signature', found: signed.keyId }
    if (receipt === undefined || found.known === undefined) return undefined
    const refusal = refusalOfKey(found.known, receipt)
    return refusal && { code: refusal.code, found: signed.keyId, detail: refusal.text }
  }

  #find(
    keyId: string,
    { owner, name }: Owner,
  ): { key: VerifyingKey; known: KnownKey | undefined } | undefined {
    const is = (one: { owner: string; name: string }) =>
      one.owner === owner && (name ?? one.name) === one.name
    const known = this.#directory.get(keyId)
    const key = this.#directory.verifying(keyId)
    const here = known !== undefined && key !== undefined && is(known) ? { key, known } : undefined
    if (this.#given === undefined) return here
    const given = this.#given.keys.find((one) => one.keyId === keyId && is(one))
    if (given === undefined) return undefined
    const fromMs = given.revokedFrom === undefined ? undefined : Date.parse(given.revokedFrom)
    const before = here?.known.revoked
    const revoked =
      fromMs !== undefined && fromMs < (before?.fromMs ?? Infinity)
        ? { fromMs, reason: before?.reason ?? 'the keys given say so' }
        : before
    const base = here?.known ?? { ...given, how: 'enrolled' as const, sinceMs: 0 }
    return { key: verifyingKey(given.publicKey), known: { ...base, ...(revoked ? { revoked } : {}) } }
  }
}
