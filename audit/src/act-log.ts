import {
  actOf,
  type ChainEnd,
  type ChainHead,
  centreName,
  emptyChain,
  entryHash,
  noHash,
  openAct,
  type SigningKey,
  signAct,
  textOfAct,
  verifyingKey,
  verifySign1,
} from '@farwatch/evidence'
import { type Act, type ActLog, FarwatchError, messageOf, type RecordedAct } from '@farwatch/model'
import {
  type Clock,
  type FileJournalOptions,
  type Journal,
  type JournalEntry,
  type Logger,
  openJournal,
  randomId,
  type Service,
} from '@farwatch/runtime'

export interface ActLogOptions extends Pick<FileJournalOptions, 'files'> {
  /** `HOME/acts`. */
  readonly folder: string
  /** The centre's. */
  readonly key: SigningKey
  readonly clock: Clock
  readonly log: Logger
}

export interface ActLogService extends ActLog, Service {
  /** Where the log stands, for an anchor; all of it is on disk. None before the first act. */
  readonly heads: readonly ChainHead[]
  /** Entries up to `toSeq` as they are on disk, for verification. */
  originals(toSeq: number): AsyncIterable<JournalEntry>
  /** What is wrong, in words: the log is broken somewhere, or takes nothing at the moment. Undefined when all is well. */
  readonly problem: string | undefined
}

/** What an act costs beside its text: its frame in CBOR, signature and journal. */
const frameBytes = 1_024
const readLimits = { records: 2_000, bytes: 4 * 1024 * 1024 }
/** Of the log on disk: more than a city does in a century. */
const maxLogBytes = 256 * 1024 ** 3
/** One group of the journal, so that it is written as a whole or not at all. */
const maxGroupBytes = 4 * 1024 * 1024
/** Characters of acts that wait for the disk. */
const maxWaitingLength = 64 * 1024 * 1024

interface Waiting {
  readonly act: Act
  readonly text: string
  readonly resolve: (act: RecordedAct) => void
  readonly reject: (error: unknown) => void
}

/** What opening has found: where the chain ends, and the first entry that does not follow the one before it. */
interface Found {
  readonly end: ChainEnd
  readonly broken: string | undefined
}

/**
 * Opens the log of acts, a journal of signed entries whose sequence numbers are their positions. Opening walks the whole
 * chain of hashes and verifies the newest signature, which holds for all before it; a break is told in `problem`, and the log
 * goes on behind it, because what happens now must be written down all the same.
 */
export async function openActLog(options: ActLogOptions): Promise<ActLogService> {
  const { folder, log, clock, files } = options
  const journal = await openJournal({
    ...{ folder, log, clock, tailBytes: 1024 ** 2, bounds: { bytes: maxLogBytes, whenFull: 'refuse' } },
    ...(files === undefined ? {} : { files }),
  })
  try {
    const found = await walk(journal, options.key)
    if (found.broken !== undefined) log.error({ problem: found.broken }, 'the log of acts is broken')
    return new ChainedActLog(journal, options, found)
  } catch (error) {
    await journal.close()
    throw error
  }
}

async function walk(journal: Journal, key: SigningKey): Promise<Found> {
  let end: ChainEnd | undefined
  let broken: string | undefined
  let newest: JournalEntry | undefined
  for (let from = journal.first; from < journal.next; from = newest.position + 1) {
    for (const entry of await journal.read(from, readLimits)) {
      const step = follow(entry, end)
      broken ??= step.broken
      end = step.end
      newest = entry
    }
    if (newest === undefined || newest.position < from) break
  }
  if (newest?.payload !== undefined && !isSigned(newest.payload, key))
    broken ??= `act ${newest.position} is not signed by this centre's key`
  return { end: end ?? emptyChain(randomId()), broken }
}

/** Where the chain stands behind an entry, whatever it is, so that the next one is held against what is really there. */
function follow({ position, payload }: JournalEntry, before: ChainEnd | undefined): Found {
  const { chain = randomId(), hash = noHash } = before ?? {}
  const lost = { chain, seq: position, hash: noHash }
  if (payload === undefined) return { end: lost, broken: `act ${position} is damaged on disk` }
  const here = { ...lost, hash: entryHash(payload) }
  try {
    const { body } = openAct(payload)
    const isFirst = before === undefined
    const fits =
      body.seq === position &&
      (isFirst || body.chain === chain) &&
      Buffer.compare(body.prev, isFirst ? noHash : hash) === 0
    const broken = fits ? undefined : `act ${position} does not follow the one before it`
    return { end: { ...here, chain: isFirst ? body.chain : chain }, broken }
  } catch (error) {
    return { end: here, broken: `act ${position} cannot be read: ${messageOf(error)}` }
  }
}

function isSigned(bytes: Uint8Array, { publicKey }: SigningKey): boolean {
  try {
    return verifySign1(openAct(bytes).signed, verifyingKey(publicKey))
  } catch {
    return false
  }
}

class ChainedActLog implements ActLogService {
  readonly #journal: Journal
  readonly #key: SigningKey
  readonly #clock: Clock
  readonly #broken: string | undefined
  #head: ChainEnd
  #waiting: Waiting[] = []
  #waitingLength = 0
  #writing: Promise<void> | undefined
  #stopped = false

  constructor(journal: Journal, { key, clock }: ActLogOptions, { end, broken }: Found) {
    this.#journal = journal
    this.#key = key
    this.#clock = clock
    this.#head = end
    this.#broken = broken
  }

  get heads(): readonly ChainHead[] {
    return this.end === 0 ? [] : [{ kind: 'acts', owner: centreName, from: 1, ...this.#head }]
  }

  get end(): number {
    return this.#head.seq
  }

  get problem(): string | undefined {
    return this.#journal.problem ?? this.#broken
  }

  async append(act: Act): Promise<RecordedAct> {
    if (this.#stopped) throw unavailable('it is closed')
    const text = textOfAct(act)
    if (this.#waitingLength + text.length > maxWaitingLength)
      throw unavailable('too many acts wait for the disk')
    this.#waitingLength += text.length
    const { promise, resolve, reject } = Promise.withResolvers<RecordedAct>()
    this.#waiting.push({ act, text, resolve, reject })
    this.#writing ??= this.#write()
    return promise
  }

  /** Signs and writes what waits, group by group; a group that does not reach the disk leaves the chain where it was. */
  async #write(): Promise<void> {
    // Acts of the same moment share the first fsync.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        const made = this.#sign(group)
        await this.#keep(made.map(({ bytes }) => bytes))
        this.#head = made.at(-1)!.end
        group.forEach(({ act, resolve }, i) => {
          const { end, madeMs } = made[i]!
          resolve({ ...act, seq: end.seq, atMs: madeMs })
        })
      } catch (cause) {
        for (const { reject } of group) reject(unavailable(messageOf(cause), cause))
      }
    }
    // In the same turn as the check above, or an act in between would wait for ever.
    this.#writing = undefined
  }

  #takeGroup(): Waiting[] {
    let length = 0
    let count = 0
    while (count < this.#waiting.length) {
      length += this.#waiting[count]!.text.length * 3 + frameBytes
      if (count > 0 && length > maxGroupBytes) break
      count++
    }
    const group = this.#waiting.splice(0, count)
    for (const { text } of group) this.#waitingLength -= text.length
    return group
  }

  #sign(group: readonly Waiting[]) {
    let end = this.#head
    return group.map(({ text }) => {
      const madeMs = this.#clock.now()
      const signed = signAct(text, { end, madeMs, key: this.#key })
      end = signed.end
      return { ...signed, madeMs }
    })
  }

  /** All of it or nothing: an entry whose predecessor is missing would break the chain. */
  async #keep(entries: readonly Uint8Array[]): Promise<void> {
    const bytes = entries.reduce((sum, one) => sum + one.length + frameBytes, 0)
    if (this.#journal.bytes + bytes > maxLogBytes)
      throw new Error(`it has reached its bound of ${maxLogBytes} bytes`)
    if (this.#journal.next !== this.#head.seq + 1) throw new Error('its journal stands elsewhere')
    await Promise.all(entries.map((one) => this.#journal.append(one)))
  }

  async *read(fromSeq: number): AsyncGenerator<RecordedAct> {
    for await (const { payload } of this.#entries(fromSeq, () => this.end)) {
      const act = payload === undefined ? undefined : readable(payload)
      if (act !== undefined) yield act
    }
  }

  originals(toSeq: number): AsyncIterable<JournalEntry> {
    return this.#entries(1, () => toSeq)
  }

  async *#entries(fromSeq: number, toSeq: () => number): AsyncGenerator<JournalEntry> {
    for (let from = Math.max(1, fromSeq); from <= toSeq(); ) {
      const entries = await this.#journal.read(from, readLimits)
      if (entries.length === 0) return
      for (const entry of entries) if (entry.position <= toSeq()) yield entry
      from = entries.at(-1)!.position + 1
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#writing
    await this.#journal.close()
  }
}

/** What cannot be read is told in `problem` and by verification; readers go on behind it. */
function readable(payload: Uint8Array): RecordedAct | undefined {
  try {
    return actOf(openAct(payload).body)
  } catch {
    return undefined
  }
}

function unavailable(why: string, cause?: unknown): FarwatchError {
  const message = `the log of acts takes nothing at the moment: ${why}; nothing was done`
  return new FarwatchError('act-log-unavailable', message, { retryable: true, cause })
}
