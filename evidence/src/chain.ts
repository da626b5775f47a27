import { createHash } from 'node:crypto'
import { FarwatchError, Hash } from '@farwatch/model'
import { decode, encode } from 'cborg'
import { z } from 'zod'
import { noHash } from './batch.ts'
import { openSign1, type Sign1, sign1 } from './cose.ts'
import type { SigningKey } from './keys.ts'

/**
 * What every signed entry of a chained log carries beside its own fields: the payload of a COSE_Sign1 (RFC 9052) is one
 * canonical CBOR map of these and those. Whoever takes an entry out, puts one in or changes one breaks `prev` of the next.
 */
export const linkShape = {
  v: z.literal(1),
  /** Random id of the log. */
  chain: z.string().regex(/^[0-9a-f]{16}$/),
  /** 1, 2, 3 … within the log, without holes. */
  seq: z.number().int().positive(),
  /** SHA-256 of the COSE_Sign1 bytes of the entry before; 32 zero bytes for sequence 1. */
  prev: Hash,
  /** Wall clock of whoever signed, Unix ms. */
  madeMs: z.number().int().nonnegative(),
} as const

export interface Link {
  readonly chain: string
  readonly seq: number
  readonly prev: Uint8Array
  readonly madeMs: number
}

/** The last entry of a log, behind which the next one goes; `seq` 0 before the first. */
export interface ChainEnd {
  readonly chain: string
  readonly seq: number
  readonly hash: Uint8Array
}

export function emptyChain(chain: string): ChainEnd {
  return { chain, seq: 0, hash: noHash }
}

/** Signs the next entry of a log. `body` holds its own fields, `kind` among them. */
export function signEntry(
  body: Readonly<Record<string, unknown>>,
  { end, madeMs, key }: { end: ChainEnd; madeMs: number; key: SigningKey },
): { readonly bytes: Uint8Array; readonly end: ChainEnd } {
  const link = { v: 1, chain: end.chain, seq: end.seq + 1, prev: end.hash, madeMs }
  const present = Object.entries(body).filter(([, value]) => value !== undefined)
  const bytes = sign1(encode({ ...link, ...Object.fromEntries(present) }), key)
  return { bytes, end: { chain: end.chain, seq: link.seq, hash: entryHash(bytes) } }
}

export interface Entry<T> {
  readonly body: T
  readonly hash: Uint8Array
  readonly signed: Sign1
}

/** Takes an entry apart; signature and place are checked by `verifySign1` and `breakOf`. @throws FarwatchError `bad-signature-format`, `bad-entry`. */
export function openEntry<T>(bytes: Uint8Array, schema: z.ZodType<T>): Entry<T> {
  const signed = openSign1(bytes)
  return { body: readSigned(signed.payload, schema), hash: entryHash(bytes), signed }
}

/** A signed payload in strict CBOR that must have this shape. @throws FarwatchError `bad-entry`. */
export function readSigned<T>(payload: Uint8Array, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = decode(payload, { strict: true, rejectDuplicateMapKeys: true })
  } catch (cause) {
    throw new FarwatchError('bad-entry', 'not strict CBOR', { cause })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new FarwatchError('bad-entry', `${issue?.path.join('.')}: ${issue?.message}`)
}

/** Why an entry does not follow the end of its log; undefined where it does. */
export function breakOf(link: Link, end: ChainEnd): string | undefined {
  if (link.chain !== end.chain) return `it belongs to chain ${link.chain}, not to ${end.chain}`
  if (link.seq !== end.seq + 1) return `sequence ${link.seq}, expected ${end.seq + 1}`
  if (Buffer.compare(link.prev, end.hash) !== 0) return 'its previous hash is not that of the entry before it'
  return undefined
}

/** What the next entry's `prev` must be. */
export function entryHash(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
