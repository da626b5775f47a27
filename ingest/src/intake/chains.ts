import { batchHash, noHash, openSign1 } from '@farwatch/evidence'
import {
  type BatchHeader,
  type CentreRecord,
  decodeBatch,
  decodeHeader,
  decodeRecord,
  FarwatchError,
  parseUpTopic,
  type Verdict,
} from '@farwatch/model'
import { type Cursor, type Journal, readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'

const Stored = z.strictObject({
  v: z.literal(1),
  position: z.number().int().positive(),
  chains: z.array(
    z.strictObject({
      gateway: z.string(),
      chain: z.string(),
      seq: z.number(),
      hash: z.string(),
      recent: z.array(z.string()).default([]),
    }),
  ),
})

interface Link {
  readonly gateway: string
  readonly chain: string
  readonly seq: number
  readonly hash: Uint8Array
  /** Beginnings of the hashes of the last batches, this one's last. */
  readonly recent: readonly string[]
}

/** Well above what a gateway has on its way: so far back a batch that comes again is told from another one. */
const maxRecent = 128

/** A gateway may have begun this many chains (new disks); more is a fault or an attack. */
const maxChainsPerGateway = 100

/**
 * The reason of a batch that stands in quarantine although all was well with it but for a point that is not its gateway's.
 * It has its place in the chain all the same, for the gateway never makes that number again.
 */
export const refusedInPlace = 'foreign-point'
/** The same of a batch whose header is signed well over readings that cannot be read. */
export const malformedInPlace = 'malformed-in-place'

/**
 * Where each gateway's chain of batches stands. Rebuilt at start from its own snapshot and the journal behind it, so
 * intake needs no database.
 */
export class Chains {
  readonly #path: string
  readonly #journal: Journal
  readonly #cursor: Cursor
  readonly #links = new Map<string, Link>()

  private constructor(path: string, cursor: Cursor, journal: Journal) {
    this.#path = path
    this.#cursor = cursor
    this.#journal = journal
  }

  static async open(path: string, journal: Journal): Promise<Chains> {
    const cursor = await journal.cursor('intake')
    const text = await readIfPresent(path)
    const stored = text === undefined ? undefined : parseStored(path, text)
    const chains = new Chains(path, cursor, journal)
    for (const { hash, ...rest } of stored?.chains ?? []) {
      chains.#links.set(keyOf(rest), { ...rest, hash: Buffer.from(hash, 'hex') })
    }
    for (let from = stored?.position ?? journal.first; from < journal.next; ) {
      for (const { position, payload } of await journal.read(from)) {
        const record = decodeRecord(payload)
        if (isLink(record)) {
          const batch = decodeBatch(record.bytes)
          const header = decodeHeader(openSign1(batch.sign1).payload)
          const hash = batchHash(batch)
          if (header.seq > (chains.#links.get(keyOf(header))?.seq ?? 0)) chains.#set(header, hash)
        }
        from = position + 1
      }
    }
    return chains
  }

  /**
   * What to do with a batch whose signature is good. `next`: it is the next one. `past`: so old that only the ledger can
   * tell whether it came before.
   */
  judge(header: BatchHeader, hash: Uint8Array): Verdict | 'next' | 'past' {
    const { gateway, seq } = header
    const link = this.#links.get(keyOf(header)) ?? { seq: 0, hash: noHash, recent: [] }
    if (link.seq === 0 && this.#count(gateway) >= maxChainsPerGateway) {
      return { verdict: 'rejected', seq, reason: `more than ${maxChainsPerGateway} chains of this gateway` }
    }
    if (seq > link.seq + 1) return { verdict: 'gap', seq, expected: link.seq + 1 }
    if (seq <= link.seq) {
      const before = link.recent.at(seq - link.seq - 1)
      if (before === undefined) return 'past'
      if (before === beginningOf(hash)) return { verdict: 'duplicate', seq }
      const reason =
        'another batch with this sequence was stored: an older copy of a gateway, or two with one key'
      return { verdict: 'forked', seq, reason }
    }
    if (Buffer.compare(header.prev, link.hash) !== 0) {
      return { verdict: 'forked', seq, reason: 'its previous hash is not that of the batch before it' }
    }
    return 'next'
  }

  /** The batch is in the journal. To be called in the turn of the event loop in which its append has resolved. */
  advance(header: BatchHeader, hash: Uint8Array): void {
    this.#set(header, hash)
  }

  /** Makes the state durable; the journal's records before it are not needed here any more. */
  async save(): Promise<void> {
    // Between turns every batch before the journal's end has been entered, and records of other kinds change nothing here.
    await new Promise(setImmediate)
    const position = this.#journal.next
    const chains = Array.from(this.#links.values(), ({ hash, ...rest }) => ({
      ...rest,
      hash: Buffer.from(hash).toString('hex'),
    }))
    await writeAtomically(this.#path, JSON.stringify({ v: 1, position, chains }))
    if (position > this.#cursor.position) this.#cursor.advance(position)
  }

  #set({ gateway, chain, seq }: BatchHeader, hash: Uint8Array): void {
    const key = keyOf({ gateway, chain })
    const before = this.#links.get(key)
    const known = before?.seq === seq - 1 ? before.recent : []
    const recent = [...known, beginningOf(hash)].slice(-maxRecent)
    this.#links.set(key, { gateway, chain, seq, hash, recent })
  }

  #count(gateway: string): number {
    let count = 0
    for (const link of this.#links.values()) if (link.gateway === gateway) count++
    return count
  }
}

function beginningOf(hash: Uint8Array): string {
  return Buffer.from(hash.subarray(0, 8)).toString('hex')
}

function parseStored(path: string, text: string): z.infer<typeof Stored> {
  try {
    return Stored.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${path} cannot be understood; restore it, or remove it: it is made again from the journal`
    throw new FarwatchError('bad-chains', message, { cause })
  }
}

function isLink(record: CentreRecord): boolean {
  if (record.kind !== 'quarantine') return record.kind === 'batch'
  const hasPlace = [refusedInPlace, malformedInPlace].some((reason) => record.reason.startsWith(`${reason}:`))
  return hasPlace && parseUpTopic(record.topic)?.kind === 'batch'
}

function keyOf({ gateway, chain }: { gateway: string; chain: string }): string {
  return `${gateway} ${chain}`
}
