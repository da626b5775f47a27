import type { X509Certificate } from 'node:crypto'
import { FarwatchError } from '@farwatch/model'
import { decode, encode } from 'cborg'
import { z } from 'zod'
import { entryHash } from '../chain.ts'
import type { VerifyingKey } from '../keys.ts'
import { inclusionProof } from '../merkle.ts'
import { type Anchor, type Verified, verifyAnchor, verifyStatement } from './anchor.ts'
import { type ChainHead, decodeHead, encodeHead } from './head.ts'
import { compareWithAnchor, type HeadProof, type ShownEntry, verifyHead } from './proof.ts'
import { type Timestamp, verifyTimestamp } from './timestamp.ts'

/** An anchor as it goes with an export: the statement, some of its heads with their proofs, and what an authority stamped. */
export interface AnchorRecord {
  readonly statement: Uint8Array
  readonly heads: readonly HeadProof[]
  /** TimeStampResp, DER. */
  readonly timestamp: Uint8Array | undefined
}

const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes')
const Records = z
  .array(
    z.tuple([
      Bytes,
      z.array(z.tuple([z.number().int().nonnegative(), Bytes, z.array(Bytes).max(64)])),
      Bytes.nullable(),
    ]),
  )
  .max(100_000)

/** An anchor with all its heads, as the centre keeps it. */
export interface WholeAnchor {
  readonly statement: Uint8Array
  readonly leaves: readonly Uint8Array[]
  readonly timestamp: Uint8Array | undefined
}

/** The part of an anchor that concerns these chains, or undefined where it has none of them. */
export function recordOf(
  { statement, leaves, timestamp }: WholeAnchor,
  concerns: (head: ChainHead) => boolean,
): AnchorRecord | undefined {
  const heads = leaves.flatMap((leaf, index): HeadProof[] => {
    const head = decodeHead(leaf)
    return concerns(head) ? [{ head, index, proof: inclusionProof(leaves, index) }] : []
  })
  return heads.length === 0 ? undefined : { statement, heads, timestamp }
}

/** Canonical CBOR: `[[statement, [[index, leaf, [hash …]] …], TimeStampResp or null] …]`. */
export function encodeAnchorRecords(records: readonly AnchorRecord[]): Uint8Array {
  return encode(
    records.map(({ statement, heads, timestamp }) => [
      statement,
      heads.map(({ head, index, proof }) => [index, encodeHead(head), proof]),
      timestamp ?? null,
    ]),
  )
}

/** @throws FarwatchError `bad-anchor`. */
export function decodeAnchorRecords(bytes: Uint8Array): AnchorRecord[] {
  try {
    return Records.parse(decode(bytes, { strict: true })).map(([statement, heads, timestamp]) => ({
      statement,
      heads: heads.map(([index, leaf, proof]) => ({ head: decodeHead(leaf), index, proof })),
      timestamp: timestamp ?? undefined,
    }))
  } catch (cause) {
    throw new FarwatchError('bad-anchor', 'not a list of anchors', { cause })
  }
}

/** What one anchor says of one chain that is shown. */
export interface Witness {
  readonly anchor: Anchor
  readonly head: ChainHead
  readonly says: ReturnType<typeof compareWithAnchor>
  /** Of the authority: verified, or why not; undefined where the anchor has none, or no roots are given. */
  readonly timestamp: Verified<Timestamp> | undefined
}

/**
 * Holds anchors against chains whose entries pass by once, in any order: every entry is shown to `see`, then `witnesses`
 * tells. It keeps at most two entries a head.
 */
export class AnchorCheck {
  readonly #heads: {
    anchor: Anchor
    head: ChainHead
    timestamp: Verified<Timestamp> | undefined
    seen: ShownEntry[]
  }[] = []
  readonly #wanted = new Map<string, ShownEntry[][]>()
  readonly #whole = new Set<string>()
  readonly #trust: { readonly keys: readonly VerifyingKey[]; readonly roots: readonly X509Certificate[] }

  /** `keys`: all that the centre ever had; `roots`: of timestamp authorities that are believed. */
  constructor(trust: { keys: readonly VerifyingKey[]; roots: readonly X509Certificate[] }) {
    this.#trust = trust
  }

  /** Takes an anchor with all its heads. @returns what is wrong with it; then it counts for nothing. */
  addWhole({ statement, leaves, timestamp }: WholeAnchor): string[] {
    const verified = verifyAnchor(statement, leaves, this.#trust.keys)
    if (!verified.ok) return [verified.problem]
    const stamp = this.#stampOf(statement, timestamp)
    for (const head of verified.heads) this.#expect({ anchor: verified.anchor, head, timestamp: stamp })
    this.#whole.add(hex(entryHash(statement)))
    return []
  }

  /** Takes an anchor with some of its heads, unless it is there as a whole. @returns as `addWhole`. */
  add({ statement, heads, timestamp }: AnchorRecord): string[] {
    if (this.#whole.has(hex(entryHash(statement)))) return []
    const signed = verifyStatement(statement, this.#trust.keys)
    if (!signed.ok) return [signed.problem]
    const stamp = this.#stampOf(statement, timestamp)
    const problems: string[] = []
    for (const proof of heads) {
      const covered = verifyHead(statement, proof, this.#trust.keys)
      if (covered.ok) this.#expect({ anchor: signed.anchor, head: proof.head, timestamp: stamp })
      else problems.push(covered.problem)
    }
    return problems
  }

  #stampOf(statement: Uint8Array, timestamp: Uint8Array | undefined): Witness['timestamp'] {
    const { roots } = this.#trust
    return timestamp === undefined || roots.length === 0
      ? undefined
      : verifyTimestamp(timestamp, statement, { roots })
  }

  #expect(one: { anchor: Anchor; head: ChainHead; timestamp: Verified<Timestamp> | undefined }): void {
    const seen: ShownEntry[] = []
    this.#heads.push({ ...one, seen })
    for (const seq of [one.head.seq, one.head.seq + 1]) {
      const key = keyOf(one.head, seq)
      this.#wanted.set(key, [...(this.#wanted.get(key) ?? []), seen])
    }
  }

  /** An entry of a chain as it is shown today. */
  see(place: Pick<ChainHead, 'kind' | 'owner' | 'chain'>, entry: ShownEntry): void {
    for (const seen of this.#wanted.get(keyOf(place, entry.seq)) ?? []) seen.push(entry)
  }

  witnesses(): Witness[] {
    return this.#heads.map(({ anchor, head, timestamp, seen }) => {
      return { anchor, head, timestamp, says: compareWithAnchor(head, seen) }
    })
  }
}

function keyOf({ kind, owner, chain }: Pick<ChainHead, 'kind' | 'owner' | 'chain'>, seq: number): string {
  return `${kind} ${owner} ${chain} ${seq}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
