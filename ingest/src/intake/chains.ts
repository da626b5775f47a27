import { dirname, join } from 'node:path'
import { batchHash, type ChainHead, openSign1 } from '@farwatch/evidence'
import {
  type BatchHeader,
  type CentreRecord,
  decodeBatch,
  decodeHeader,
  decodeLoss,
  decodeRecord,
  type LossDeclaration,
  parseUpTopic,
  type Verdict,
} from '@farwatch/model'
import type { Cursor, Journal } from '@farwatch/runtime'
import { Chain, type Gap } from './chain.ts'
import { readSnapshot, writeSnapshot } from './chains-file.ts'
import { HashFiles, maxSeq } from './hash-files.ts'

/** A gateway may begin this many chains (new disks, forks) within this time; more is a fault or an attack. */
const newChains = { most: 100, withinMs: 30 * 86_400_000 } as const
/** Hashes that may wait for their file when it cannot be written. */
const maxWaiting = 500_000

/**
 * The reason of a batch that stands in quarantine although all was well with it but for a point that is not its gateway's.
 * It has its place in the chain all the same, for the gateway never makes that number again.
 */
export const refusedInPlace = 'foreign-point'
/** The same of a batch whose header is signed well over readings that cannot be read. */
export const malformedInPlace = 'malformed-in-place'

/** A chain and whose it is. */
export interface KnownChain {
  readonly gateway: string
  readonly id: string
  readonly begunMs: number
  readonly chain: Chain
}

type Place = Pick<BatchHeader, 'gateway' | 'chain'>

/**
 * Every chain of every gateway. Rebuilt at start from its own snapshot, the files of hashes and the journal behind them,
 * so intake needs no database. What one gateway sends must be judged and taken one after another.
 */
export class Chains {
  readonly #path: string
  readonly #journal: Journal
  readonly #cursor: Cursor
  readonly #hashes: HashFiles
  readonly #chains = new Map<string, KnownChain>()
  /** The chain each gateway used last. */
  readonly #current = new Map<string, KnownChain>()
  #saving: Promise<void> = Promise.resolve()

  private constructor(path: string, cursor: Cursor, journal: Journal) {
    this.#path = path
    this.#cursor = cursor
    this.#journal = journal
    this.#hashes = new HashFiles(join(dirname(path), 'chains'))
  }

  static async open(path: string, journal: Journal): Promise<Chains> {
    const cursor = await journal.cursor('intake')
    const snapshot = await readSnapshot(path)
    const chains = new Chains(path, cursor, journal)
    for (const { gateway, chain: id, begunMs, state, hashes } of snapshot?.chains ?? []) {
      const key = keyOf({ gateway, chain: id })
      chains.#chains.set(key, { gateway, id, begunMs, chain: new Chain(state) })
      for (const [seq, hash] of hashes ?? []) chains.#hashes.put(key, seq, hash)
    }
    // Without a snapshot, a journal that has forgotten its beginning says nothing of what came before.
    const forgotten = snapshot === undefined && journal.first > 1
    for (let from = snapshot?.position ?? journal.first; from < journal.next; ) {
      for (const { position, payload } of await journal.read(from)) {
        from = position + 1
        // A damaged record leaves a hole in its chain, and what is missing is asked for.
        if (payload !== undefined) chains.#replay(decodeRecord(payload), forgotten)
      }
    }
    return chains
  }

  /** The same for a batch that follows another one which is on its way to disk. */
  judgeNext({ seq }: Pick<BatchHeader, 'seq'>): 'fits' | Verdict {
    if (seq > maxSeq) return { verdict: 'rejected', seq, reason: `sequence over ${maxSeq}` }
    if (this.#hashes.waiting >= maxWaiting) {
      return { verdict: 'held', seq, reason: 'the centre cannot write down its chains now' }
    }
    return 'fits'
  }

  /** Whether nothing of its chain is stored or declared lost at this place or behind it. */
  endsBefore(place: BatchHeader): boolean {
    return (this.#chains.get(keyOf(place))?.chain.end ?? 0) < place.seq
  }

  /** What to do with a batch whose signature is good. `past`: something came in its place, `recall` knows what. */
  judge(header: BatchHeader, hash: Uint8Array, nowMs: number): 'fits' | 'past' | Verdict {
    const { seq } = header
    const refused = this.judgeNext(header)
    if (refused !== 'fits') return refused
    const known = this.#chains.get(keyOf(header))
    if (known === undefined && !this.#mayBegin(header.gateway, nowMs)) {
      const days = newChains.withinMs / 86_400_000
      const reason = `more than ${newChains.most} chains of this gateway begun within ${days} days`
      return { verdict: 'rejected', seq, reason }
    }
    const fit = (known?.chain ?? new Chain()).judge(header, hash)
    switch (fit.fit) {
      case 'new':
        return 'fits'
      case 'past':
        return 'past'
      case 'forked':
        return { verdict: 'forked', seq, reason: fit.reason }
      case 'too-many-islands':
        return { verdict: 'gap', seq, expected: fit.expected }
    }
  }

  /**
   * Whether a batch of the past is the one that was taken then. `unknown`: only the ledger can tell; so it is for what
   * came before version 2 of the snapshot.
   */
  async recall(header: BatchHeader, hash: Uint8Array): Promise<'unknown' | Verdict> {
    const { seq } = header
    const before = await this.#hashes.get(keyOf(header), seq)
    if (before === undefined) return 'unknown'
    if (agree(before, hash)) return { verdict: 'duplicate', seq }
    const reason =
      'another batch with this sequence was stored: an older copy of a gateway, or two with one key'
    return { verdict: 'forked', seq, reason }
  }

  /**
   * The batch is in the journal. To be called in the turn of the event loop in which its append has resolved. Returns the
   * hole that it leaves before itself, if that is new.
   */
  advance(header: BatchHeader, hash: Uint8Array, receivedMs: number): Gap | undefined {
    const known = this.#known(header, receivedMs)
    const isNew = known.chain.judge(header, hash).fit === 'new'
    if (isNew) this.#hashes.put(keyOf(header), header.seq, hash)
    return known.chain.take(header, hash)
  }

  /**
   * What to do with a declaration whose signature is good. `known`: nothing of its range is missing any more. `later`:
   * it would leave too many holes. @returns otherwise why it is refused for good.
   */
  async judgeLoss(
    loss: LossDeclaration,
    nowMs: number,
  ): Promise<'fits' | 'known' | 'later' | { readonly problem: string }> {
    if (loss.to > maxSeq) return { problem: `sequence over ${maxSeq}` }
    const known = this.#chains.get(keyOf(loss))
    if (known === undefined && !this.#mayBegin(loss.gateway, nowMs)) return 'later'
    const chain = known?.chain ?? new Chain()
    for (const [seq, said] of [
      [loss.from - 1, loss.prev],
      [loss.to, loss.last],
    ] as const) {
      const known = chain.hashAt(seq)
      const hash = known === 'filed' ? await this.#hashes.get(keyOf(loss), seq) : known
      if (said !== undefined && hash !== undefined && !agree(hash, said)) {
        return { problem: `the hash of batch ${seq} is another one than it says` }
      }
    }
    if (!chain.isNews(loss)) return 'known'
    return chain.admits(loss) ? 'fits' : 'later'
  }

  /** The declaration is in the journal; as for `advance`. */
  declare(loss: LossDeclaration, receivedMs: number): void {
    this.#known(loss, receivedMs).chain.declare(loss)
  }

  all(): Iterable<KnownChain> {
    return this.#chains.values()
  }

  /** The chain that each gateway used last since the start. */
  current(): Iterable<KnownChain> {
    return this.#current.values()
  }

  /** Batches taken since the last save: how many would have to be read again. */
  get unsaved(): number {
    return this.#hashes.waiting
  }

  /** Where each chain stands; all of it is on disk. */
  heads(): ChainHead[] {
    return [...this.#chains.values()].flatMap(({ gateway, id, chain: { head } }) =>
      head === undefined ? [] : [{ kind: 'batches' as const, owner: gateway, chain: id, ...head }],
    )
  }

  /** Makes the state durable; the journal's records before it are not needed here any more. */
  save(): Promise<void> {
    const saved = this.#saving.then(() => this.#save())
    this.#saving = saved.catch(() => undefined)
    return saved
  }

  async #save(): Promise<void> {
    // Between turns every record before the journal's end has been entered, and those of other kinds change nothing here.
    await new Promise(setImmediate)
    const position = this.#journal.next
    const chains = Array.from(this.#chains.values(), ({ gateway, id, begunMs, chain }) => ({
      ...{ gateway, chain: id, begunMs, state: chain.state },
    }))
    await this.#hashes.flush()()
    await writeSnapshot(this.#path, { position, chains })
    if (position > this.#cursor.position) this.#cursor.advance(position)
  }

  #replay(record: CentreRecord, forgotten: boolean): void {
    if (isLink(record)) {
      const batch = decodeBatch(record.bytes)
      const header = decodeHeader(openSign1(batch.sign1).payload)
      if (forgotten && !this.#chains.has(keyOf(header))) {
        const state = { end: header.seq - 1, hash: header.prev, gaps: [] }
        this.#begin(header, record.receivedMs, state)
      }
      this.advance(header, batchHash(batch), record.receivedMs)
    }
    if (record.kind === 'loss') {
      this.declare(decodeLoss(openSign1(record.bytes).payload), record.receivedMs)
    }
  }

  #known(place: Place, receivedMs: number): KnownChain {
    const known = this.#chains.get(keyOf(place)) ?? this.#begin(place, receivedMs)
    this.#current.set(place.gateway, known)
    return known
  }

  #begin(place: Place, begunMs: number, state?: ConstructorParameters<typeof Chain>[0]): KnownChain {
    const known = { gateway: place.gateway, id: place.chain, begunMs, chain: new Chain(state) }
    this.#chains.set(keyOf(place), known)
    return known
  }

  #mayBegin(gateway: string, nowMs: number): boolean {
    let count = 0
    for (const known of this.#chains.values()) {
      if (known.gateway === gateway && nowMs - known.begunMs < newChains.withinMs) count++
    }
    return count < newChains.most
  }
}

/** The shorter is the beginning of the longer. */
function agree(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length)
  return Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0
}

function isLink(record: CentreRecord): boolean {
  if (record.kind !== 'quarantine') return record.kind === 'batch'
  const hasPlace = [refusedInPlace, malformedInPlace].some((reason) => record.reason.startsWith(`${reason}:`))
  return hasPlace && parseUpTopic(record.topic)?.kind === 'batch'
}

/** Also the name of its file of hashes: a chain's id has a fixed length, so no two are the same. */
function keyOf({ gateway, chain }: Place): string {
  return `${gateway}.${chain}`
}
