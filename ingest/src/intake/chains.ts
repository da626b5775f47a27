import { batchHash, noHash, openSign1 } from '@farwatch/evidence'
import {
  type BatchHeader,
  type CentreRecord,
  decodeBatch,
  decodeHeader,
  decodeRecord,
  parseUpTopic,
  type Verdict,
} from '@farwatch/model'
import { type Cursor, type Journal, readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'

const Stored = z.strictObject({
  v: z.literal(1),
  position: z.number().int().positive(),
  chains: z.array(
    z.strictObject({ gateway: z.string(), chain: z.string(), seq: z.number(), hash: z.string() }),
  ),
})

interface Link {
  readonly gateway: string
  readonly chain: string
  readonly seq: number
  readonly hash: Uint8Array
}

/** A gateway may have begun this many chains (new disks); more is a fault or an attack. */
const maxChainsPerGateway = 100

/**
 * The reason of a batch that stands in quarantine although all was well with it but for a point that is not its gateway's.
 * It has its place in the chain all the same, for the gateway never makes that number again.
 */
export const refusedInPlace = 'foreign-point'

/**
 * Where each gateway's chain of batches stands. Rebuilt at start from its own snapshot and the journal behind it, so
 * intake needs no database.
 */
export class Chains {
  readonly #path: string
  readonly #journal: Journal
  readonly #cursor: Cursor
  readonly #links = new Map<string, Link>()

  private constructor(path: string, journal: Journal, cursor: Cursor) {
    this.#path = path
    this.#journal = journal
    this.#cursor = cursor
  }

  static async open(path: string, journal: Journal): Promise<Chains> {
    const cursor = await journal.cursor('intake')
    const text = await readIfPresent(path)
    const stored = text === undefined ? undefined : Stored.parse(JSON.parse(text))
    const chains = new Chains(path, journal, cursor)
    for (const { gateway, chain, seq, hash } of stored?.chains ?? []) {
      chains.#set({ gateway, chain, seq, hash: Buffer.from(hash, 'hex') })
    }
    for (let next = stored?.position ?? journal.first; next < journal.next; ) {
      for (const { position, payload } of await journal.read(next)) {
        const record = decodeRecord(payload)
        if (isLink(record)) {
          const batch = decodeBatch(record.bytes)
          chains.#set({ ...decodeHeader(openSign1(batch.sign1).payload), hash: batchHash(batch) })
        }
        next = position + 1
      }
    }
    return chains
  }

  /** What to do with a batch whose signature is good; `undefined`: it is the next one. */
  judge(header: BatchHeader, hash: Uint8Array): Verdict | undefined {
    const { gateway, chain, seq } = header
    const link = this.#links.get(keyOf(header)) ?? { gateway, chain, seq: 0, hash: noHash }
    if (link.seq === 0 && this.#count(gateway) >= maxChainsPerGateway) {
      return { verdict: 'rejected', seq, reason: `more than ${maxChainsPerGateway} chains of this gateway` }
    }
    if (seq > link.seq + 1) return { verdict: 'gap', seq, expected: link.seq + 1 }
    if (seq <= link.seq) {
      const forked = seq === link.seq && Buffer.compare(hash, link.hash) !== 0
      return forked
        ? {
            verdict: 'rejected',
            seq,
            reason: 'another batch with this sequence was stored: two gateways with one key?',
          }
        : { verdict: 'duplicate', seq }
    }
    if (Buffer.compare(header.prev, link.hash) !== 0) {
      return { verdict: 'rejected', seq, reason: 'its previous hash is not that of the batch before it' }
    }
    return undefined
  }

  /** The batch is in the journal. To be called in the turn of the event loop in which its append has resolved. */
  advance(header: BatchHeader, hash: Uint8Array): void {
    this.#set({ ...header, hash })
  }

  /** Makes the state durable; the journal's records before it are not needed here any more. */
  async save(): Promise<void> {
    // Between turns every batch before the journal's end has been entered, and records of other kinds change nothing here.
    await new Promise(setImmediate)
    const position = this.#journal.next
    const chains = [...this.#links.values()].map(({ gateway, chain, seq, hash }) => ({
      gateway,
      chain,
      seq,
      hash: Buffer.from(hash).toString('hex'),
    }))
    await writeAtomically(this.#path, JSON.stringify({ v: 1, position, chains }))
    if (position > this.#cursor.position) this.#cursor.advance(position)
  }

  #set({ gateway, chain, seq, hash }: Link): void {
    this.#links.set(keyOf({ gateway, chain }), { gateway, chain, seq, hash })
  }

  #count(gateway: string): number {
    let count = 0
    for (const link of this.#links.values()) if (link.gateway === gateway) count++
    return count
  }
}

function isLink(record: CentreRecord): boolean {
  if (record.kind !== 'quarantine') return record.kind === 'batch'
  return parseUpTopic(record.topic)?.kind === 'batch' && record.reason.startsWith(`${refusedInPlace}:`)
}

function keyOf({ gateway, chain }: { gateway: string; chain: string }): string {
  return `${gateway} ${chain}`
}
