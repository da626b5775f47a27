import { FarwatchError, Name } from '@farwatch/model'
import { z } from 'zod'
import { breakOf, type ChainEnd, type Entry, emptyChain, linkShape, openEntry, signEntry } from './chain.ts'
import { eddsa, verifySign1 } from './cose.ts'
import { type SigningKey, type VerifyingKey, verifyingKey } from './keys.ts'
import { KeyId, openRotation } from './rotation.ts'

const Ms = z.number().int().nonnegative()

/**
 * The centre's key directory is a chained log that the centre signs, so that a key put in or revoked silently afterwards
 * is seen. Its first entry is the centre's own key.
 */
const KeyEntry = z.discriminatedUnion('kind', [
  z.strictObject({
    ...linkShape,
    kind: z.literal('key-added'),
    owner: z.enum(['gateway', 'centre']),
    name: Name,
    keyId: KeyId,
    /** COSE algorithm (RFC 9053): -8 is EdDSA. */
    alg: z.literal(eddsa),
    /** SPKI, base64. */
    publicKey: z.string().max(200),
    /** `first-use`: the first key that an authenticated gateway showed; `enrolled`: by a person; `rotation`: by the key before. */
    how: z.enum(['first-use', 'enrolled', 'rotation']),
    /** With `rotation`: the statement of both keys. */
    statement: z.instanceof(Uint8Array).optional(),
  }),
  z.strictObject({
    ...linkShape,
    kind: z.literal('key-retired'),
    keyId: KeyId,
    /** The key that follows, and the last batch that this one signed. */
    by: KeyId,
    lastChain: z.string().regex(/^[0-9a-f]{16}$/),
    lastSeq: z.number().int().nonnegative(),
  }),
  z.strictObject({
    ...linkShape,
    kind: z.literal('key-revoked'),
    keyId: KeyId,
    /** What it has signed and the centre has received from then on is not believed. */
    fromMs: Ms,
    reason: z.string().min(1).max(500),
  }),
])
type KeyEntry = z.infer<typeof KeyEntry>

/** One key and its life. */
export interface KnownKey {
  readonly owner: 'gateway' | 'centre'
  readonly name: string
  readonly keyId: string
  readonly alg: number
  readonly publicKey: string
  readonly how: 'first-use' | 'enrolled' | 'rotation'
  readonly sinceMs: number
  /** With `rotation`: key id of the key that vouches for this one. */
  readonly after?: string | undefined
  readonly retired?: { readonly atMs: number; readonly chain: string; readonly seq: number }
  readonly revoked?: { readonly fromMs: number; readonly reason: string }
}

/** The name under which the centre's own key stands. */
export const centreName = 'centre'

/** The key directory: every key there ever was, folded from its log. */
export class KeyDirectory {
  readonly #entries: Uint8Array[] = []
  readonly #keys = new Map<string, KnownKey>()
  readonly #verifying = new Map<string, VerifyingKey>()
  #end: ChainEnd

  private constructor(end: ChainEnd) {
    this.#end = end
  }

  /** A new directory that holds the centre's own key. `chain`: random id of the log, 16 hex digits. */
  static begin(chain: string, centre: SigningKey, nowMs: number): KeyDirectory {
    const directory = new KeyDirectory(emptyChain(chain))
    const own = {
      owner: 'centre',
      name: centreName,
      keyId: centre.keyId,
      publicKey: centre.publicKey,
    } as const
    return directory.#with({ kind: 'key-added', ...own, alg: eddsa, how: 'enrolled' }, centre, nowMs)
  }

  /**
   * Reads a log as far as it is sound: what is wrong with entry n (1, 2, 3 …) stands in `problems`, and the entry counts for nothing.
   * `trusted` decides whether the first entry's key is the centre's.
   */
  static read(
    entries: readonly Uint8Array[],
    trusted: (centreKeyId: string) => boolean = () => true,
  ): { directory: KeyDirectory; problems: { entry: number; problem: string }[] } {
    const directory = new KeyDirectory(emptyChain('0'.repeat(16)))
    const problems: { entry: number; problem: string }[] = []
    for (const [i, bytes] of entries.entries()) {
      const problem = directory.#read(bytes, trusted)
      if (problem !== undefined) problems.push({ entry: i + 1, problem })
    }
    return { directory, problems }
  }

  #read(bytes: Uint8Array, trusted: (centreKeyId: string) => boolean): string | undefined {
    let entry: Entry<KeyEntry>
    try {
      entry = openEntry(bytes, KeyEntry)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    const { body, signed, hash } = entry
    const first = this.#entries.length === 0
    const foreign = first && !(body.kind === 'key-added' && body.owner === 'centre' && trusted(body.keyId))
    if (foreign) return 'its first entry is not the key of a trusted centre'
    const problem = breakOf(body, first ? emptyChain(body.chain) : this.#end)
    try {
      const signer =
        first && body.kind === 'key-added' ? verifyingKey(body.publicKey) : this.#centreKey(signed.keyId)
      if (signer === undefined || !verifySign1(signed, signer))
        return `not signed by the centre (key ${signed.keyId})`
      this.#apply(body)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    // What the centre has signed holds; that something before it is missing is told beside.
    this.#entries.push(bytes)
    this.#end = { chain: body.chain, seq: body.seq, hash }
    return problem
  }

  /** @throws FarwatchError `bad-key`, `bad-rotation`. */
  #apply(body: KeyEntry): void {
    if (body.kind === 'key-added') {
      const { owner, name, keyId, alg, publicKey, how, madeMs } = body
      const key = verifyingKey(publicKey)
      if (key.keyId !== keyId) throw new Error(`key id ${keyId} is not that of its public key`)
      const after = how === 'rotation' ? this.#vouchedBy(body) : undefined
      this.#keys.set(keyId, { owner, name, keyId, alg, publicKey, how, sinceMs: madeMs, after })
      this.#verifying.set(keyId, key)
      return
    }
    const known = this.#keys.get(body.keyId)
    if (known === undefined) throw new Error(`there is no key ${body.keyId}`)
    const { madeMs, keyId } = body
    if (body.kind === 'key-retired') {
      const retired = { atMs: madeMs, chain: body.lastChain, seq: body.lastSeq }
      this.#keys.set(keyId, { ...known, retired })
      return
    }
    // Said twice, the earlier time holds.
    const fromMs = Math.min(body.fromMs, known.revoked?.fromMs ?? Infinity)
    this.#keys.set(keyId, { ...known, revoked: { fromMs, reason: body.reason } })
  }

  /** The key of the same gateway that has named this one its successor. @throws FarwatchError `bad-rotation`. */
  #vouchedBy({ name, keyId, statement }: KeyEntry & { kind: 'key-added' }): string {
    const { statement: said, newKey, isSignedBy } = openRotation(statement ?? new Uint8Array(0))
    const old = this.#verifying.get(said.from)
    const fits = newKey.keyId === keyId && said.gateway === name && this.#keys.get(said.from)?.name === name
    if (!fits || old === undefined || !isSignedBy(old))
      throw new FarwatchError('bad-rotation', `no key of ${name} vouches for ${keyId}`)
    return said.from
  }

  #centreKey(keyId: string): VerifyingKey | undefined {
    return this.#keys.get(keyId)?.owner === 'centre' ? this.#verifying.get(keyId) : undefined
  }

  #with(
    body: Record<string, unknown> & { kind: KeyEntry['kind'] },
    centre: SigningKey,
    nowMs: number,
  ): KeyDirectory {
    const { bytes } = signEntry(body, { end: this.#end, madeMs: nowMs, key: centre })
    const { directory, problems } = KeyDirectory.read([...this.#entries, bytes])
    if (problems[0] !== undefined) throw new FarwatchError('bad-key', problems[0].problem)
    return directory
  }

  /** The log: each entry a COSE_Sign1. */
  get entries(): readonly Uint8Array[] {
    return this.#entries
  }

  /** The last entry, which an anchor holds on to. */
  get end(): ChainEnd {
    return this.#end
  }

  get keys(): readonly KnownKey[] {
    return [...this.#keys.values()]
  }

  get(keyId: string): KnownKey | undefined {
    return this.#keys.get(keyId)
  }

  verifying(keyId: string): VerifyingKey | undefined {
    return this.#verifying.get(keyId)
  }

  /** Keys that may sign what a gateway seals now. */
  currentOf(gateway: string): readonly KnownKey[] {
    return this.keys.filter(
      ({ owner, name, retired, revoked }) =>
        owner === 'gateway' && name === gateway && retired === undefined && revoked === undefined,
    )
  }

  /** This directory with one more key of a gateway. @throws FarwatchError `bad-key`. */
  add(
    key: { gateway: string; publicKey: string; how: 'first-use' | 'enrolled' },
    centre: SigningKey,
    nowMs: number,
  ): KeyDirectory {
    const { gateway: name, publicKey, how } = key
    const { keyId } = verifyingKey(publicKey)
    const body = { owner: 'gateway', name, keyId, publicKey, alg: eddsa, how }
    return this.#with({ kind: 'key-added', ...body }, centre, nowMs)
  }

  /** This directory after a rotation that `openRotation` and the old key have confirmed. */
  rotate(statement: Uint8Array, centre: SigningKey, nowMs: number): KeyDirectory {
    const { statement: said, newKey } = openRotation(statement)
    const { gateway: name, publicKey, alg, from, chain, seq } = said
    const added = { owner: 'gateway', name, keyId: newKey.keyId, publicKey, alg, how: 'rotation', statement }
    const retired = { keyId: from, by: newKey.keyId, lastChain: chain, lastSeq: seq }
    return this.#with({ kind: 'key-added', ...added }, centre, nowMs).#with(
      { kind: 'key-retired', ...retired },
      centre,
      nowMs,
    )
  }

  revoke(
    { keyId, fromMs, reason }: { keyId: string; fromMs: number; reason: string },
    centre: SigningKey,
    nowMs: number,
  ): KeyDirectory {
    return this.#with({ kind: 'key-revoked', keyId, fromMs, reason }, centre, nowMs)
  }
}

/** Every key that the centre ever had. */
export function centreKeys(directory: KeyDirectory): VerifyingKey[] {
  return directory.keys
    .filter(({ owner }) => owner === 'centre')
    .map(({ publicKey }) => verifyingKey(publicKey))
}

/** Why a key does not stand for what was received then; undefined where it does. */
export function refusalOfKey(
  { keyId, retired, revoked }: KnownKey,
  { receivedMs, chain, seq }: { receivedMs: number; chain: string; seq: number },
): { readonly code: 'revoked-key' | 'retired-key'; readonly text: string } | undefined {
  if (revoked !== undefined && receivedMs >= revoked.fromMs) {
    const since = new Date(revoked.fromMs).toISOString()
    return { code: 'revoked-key', text: `key ${keyId} is revoked from ${since}: ${revoked.reason}` }
  }
  // What the gateway sealed before it changed keys may still be on its way; its own word says up to where.
  if (
    retired !== undefined &&
    receivedMs >= retired.atMs &&
    !(chain === retired.chain && seq <= retired.seq)
  ) {
    return {
      code: 'retired-key',
      text: `key ${keyId} was retired after batch ${retired.chain}/${retired.seq}`,
    }
  }
  return undefined
}
