import {
  type ChainEnd,
  emptyChain,
  leafHash,
  maxSealed,
  openSeal,
  type SigningKey,
  sealRecords,
} from '@farwatch/evidence'
import { decodeRecord, encodeRecord, FarwatchError, isPlain, messageOf } from '@farwatch/model'
import {
  type Clock,
  type Cursor,
  type Journal,
  type Logger,
  randomId,
  readIfPresent,
  writeAtomically,
} from '@farwatch/runtime'
import { z } from 'zod'

const Stored = z.strictObject({
  v: z.literal(1),
  /** Everything before this position is sealed. */
  position: z.number().int().positive(),
  chain: z.string().regex(/^[0-9a-f]{16}$/),
  seq: z.number().int().nonnegative(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
})

/** A seal covers at most so many bytes, so that what proves one record stays small. */
const maxSealedBytes = 4 * 1024 * 1024

interface Pending {
  readonly position: number
  readonly leaf: Uint8Array
  readonly bytes: number
}

export interface SealerDeps {
  readonly journal: Journal
  readonly key: SigningKey
  readonly clock: Clock
  readonly log: Logger
  /** Where the end of the chain of seals is remembered. */
  readonly path: string
}

/**
 * Seals what came without a gateway: plain records are noted as they reach the disk, and a seal over them is appended to the
 * same journal. After a crash, what was not sealed yet is found there. Waiting are 40 bytes a record, for as long as the
 * journal takes records but no seals, which is a moment.
 */
export class Sealer {
  readonly #deps: SealerDeps
  readonly #cursor: Cursor
  #end: ChainEnd
  #pending: Pending[] = []
  #pendingBytes = 0
  #sealing: Promise<void> | undefined
  #problem: string | undefined

  private constructor(deps: SealerDeps, { cursor, end }: { cursor: Cursor; end: ChainEnd }) {
    this.#deps = deps
    this.#cursor = cursor
    this.#end = end
  }

  /** Finds the end of the chain of seals and what the last life left unsealed. @throws FarwatchError `bad-seals`. */
  static async open(deps: SealerDeps): Promise<Sealer> {
    const { journal, path } = deps
    const cursor = await journal.cursor('seal')
    const text = await readIfPresent(path)
    const stored = text === undefined ? undefined : parseStored(path, text)
    const end =
      stored === undefined
        ? emptyChain(randomId())
        : { chain: stored.chain, seq: stored.seq, hash: Buffer.from(stored.hash, 'hex') }
    const sealer = new Sealer(deps, { cursor, end })
    await sealer.#catchUp(stored?.position ?? journal.first)
    return sealer
  }

  /** Where the chain of seals stands; all of it is on disk. */
  get end(): ChainEnd {
    return this.#end
  }

  async #catchUp(first: number): Promise<void> {
    const end = this.#deps.journal.next
    let from = first
    for await (const { record } of this.#records(first, end)) {
      if (record.kind !== 'seal') continue
      const { body, hash } = openSeal(record.bytes)
      this.#end = { chain: body.chain, seq: body.seq, hash }
      from = body.to + 1
    }
    for await (const { position, payload, record } of this.#records(from, end)) {
      if (isPlain(record)) this.note(position, payload)
      if (this.isFull) await this.#sealRound()
    }
  }

  async *#records(first: number, end: number) {
    for (let from = first; from < end; ) {
      for (const { position, payload } of await this.#deps.journal.read(from)) {
        from = position + 1
        if (position < end && payload !== undefined)
          yield { position, payload, record: decodeRecord(payload) }
      }
    }
  }

  /** A plain record stands in the journal. To be called in the turn of the event loop in which its append has resolved. */
  note(position: number, payload: Uint8Array): void {
    this.#pending.push({ position, leaf: leafHash(payload), bytes: payload.length })
    this.#pendingBytes += payload.length
  }

  /** Whether there is enough for a full seal. */
  get isFull(): boolean {
    return this.#pending.length >= maxSealed || this.#pendingBytes >= maxSealedBytes
  }

  /** Records that wait for their seal. */
  get waiting(): number {
    return this.#pending.length
  }

  /** Seals what waits. Never throws: what the disk does not take now is sealed the next time. */
  seal(): Promise<void> {
    this.#sealing ??= this.#sealAll().finally(() => {
      this.#sealing = undefined
    })
    return this.#sealing
  }

  async #sealAll(): Promise<void> {
    try {
      while (this.#pending.length > 0) await this.#sealRound()
      this.#problem = undefined
    } catch (error) {
      if (this.#problem === undefined)
        this.#deps.log.warn({ problem: messageOf(error) }, 'plain records wait for their seal')
      this.#problem = messageOf(error)
    }
  }

  /** As many seals as what waits needs share one fsync. */
  async #sealRound(): Promise<void> {
    const { journal, key, clock } = this.#deps
    const made: { count: number; end: ChainEnd; appended: Promise<number> }[] = []
    for (let rest: readonly Pending[] = this.#pending, { end } = { end: this.#end }; rest.length > 0; ) {
      const count = countOfOne(rest)
      const madeMs = clock.now()
      const seal = sealRecords(rest.slice(0, count), { end, madeMs, key })
      const record = encodeRecord({ kind: 'seal', receivedMs: madeMs, bytes: seal.bytes })
      made.push({ count, end: seal.end, appended: journal.append(record) })
      rest = rest.slice(count)
      end = seal.end
    }
    const settled = await Promise.allSettled(made.map(({ appended }) => appended))
    const failed = settled.findIndex(({ status }) => status === 'rejected')
    const kept = failed < 0 ? made : made.slice(0, failed)
    this.#end = kept.at(-1)?.end ?? this.#end
    this.#drop(kept.reduce((sum, { count }) => sum + count, 0))
    if (failed < 0) return
    // A seal behind the one that is missing has taken its place in this chain: what waits goes on in another one.
    if (settled.slice(failed).some(({ status }) => status === 'fulfilled')) this.#end = emptyChain(randomId())
    await made[failed]!.appended
  }

  #drop(count: number): void {
    for (const { bytes } of this.#pending.slice(0, count)) this.#pendingBytes -= bytes
    this.#pending = this.#pending.slice(count)
  }

  /** Makes the place durable; the journal's records before it are not needed here any more. */
  async save(): Promise<void> {
    // Between turns every plain record before the journal's end has been noted.
    await new Promise(setImmediate)
    const position = this.#pending[0]?.position ?? this.#deps.journal.next
    if (position <= this.#cursor.position) return
    const { chain, seq, hash } = this.#end
    const stored: z.infer<typeof Stored> = {
      v: 1,
      position,
      chain,
      seq,
      hash: Buffer.from(hash).toString('hex'),
    }
    await writeAtomically(this.#deps.path, JSON.stringify(stored))
    this.#cursor.advance(position)
  }
}

function countOfOne(records: readonly Pending[]): number {
  let count = 0
  for (let bytes = 0; count < Math.min(records.length, maxSealed) && bytes < maxSealedBytes; count++)
    bytes += records[count]!.bytes
  return count
}

function parseStored(path: string, text: string): z.infer<typeof Stored> {
  try {
    return Stored.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${path} cannot be understood; restore it, or remove it: a new chain of seals begins`
    throw new FarwatchError('bad-seals', message, { cause })
  }
}
