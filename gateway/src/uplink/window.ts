import { openSign1 } from '@farwatch/evidence'
import { type BatchHeader, decodeBatch, decodeHeader, Receipt, type Verdict } from '@farwatch/model'
import type { Clock, Journal, JournalRecord, Logger } from '@farwatch/runtime'
import type { Answered } from './answered.ts'
import { type Range, Ranges } from './ranges.ts'

/** Batches on their way without a receipt: enough to fill a slow line, bounded for the centre's sake. */
export const maxInFlight = 32
/** How many of them backfill may have while it lasts; the rest is live's. */
const backfillShare = 8
const maxReceiptBytes = 256 * 1024
const heldMs = 15_000
/** A batch that others have overtaken is sent again after this long: its receipt, or itself, was lost. */
const overtakenMs = 2_000
/** Chains whose place in the journal is remembered; a journal rarely holds more than one. */
const maxChains = 16

export type Lane = 'live' | 'backfill'
export const lanes = ['live', 'backfill'] as const satisfies readonly Lane[]

interface UnderWay {
  readonly lane: Lane
  /** Counts what was sent on this connection. */
  readonly order: number
  readonly atMs: number
}

/** Batches `from` to before `until` of a chain that the centre misses and that will not come (again) from here. */
export interface Missed {
  readonly chain: string
  readonly from: number
  readonly until: number
  /** This gateway has ended the chain: what they held was sealed again in another. */
  readonly isSealedAgain: boolean
}

export interface WindowOptions {
  readonly journal: Journal
  readonly answered: Answered
  readonly clock: Clock
  readonly log: Logger
  /** What backfill may take of the line. */
  readonly bytesPerSecond: number
  /** Chains that this gateway has ended; nothing of them is sent a second time. */
  readonly ended?: ReadonlySet<string>
  /** Nothing before this position is sent at the moment. */
  readonly barred?: { readonly until: number }
  readonly onMissed?: (missed: Missed) => void
  readonly onDeclared?: (chain: string, verdict: Extract<Verdict, { verdict: 'declared' }>) => void
}

/**
 * What goes next on one connection, and what receipts make of it. Two lanes over one journal: *live* is what lies from
 * `liveStart` on and goes first; *backfill* is what lies before it and has no answer, sent only while nothing of live
 * waits, paced, with a small part of the batches under way. Both take their first batch that is neither answered nor
 * under way, so going back is nothing but forgetting that a batch was under way.
 */
export class Window {
  readonly #options: WindowOptions
  readonly #underWay = new Map<number, UnderWay>()
  /** Journal position before the first batch of each chain that was sent. */
  readonly #bases = new Map<string, number>()
  readonly #sent = { live: 0, backfill: 0 }
  readonly #oldestMadeMs: { live?: number; backfill?: number } = {}
  #liveStart: number
  #order = 0
  #lastAnswered = 0
  #lastHeardMs: number
  #heldUntilMs = 0
  #liveHeldUntilMs = 0
  #pacedUntilMs = 0
  #drawnAtMs = 0
  #forkedAt: number | undefined
  #wake = Promise.withResolvers<void>()

  constructor(options: WindowOptions) {
    this.#options = options
    this.#lastHeardMs = options.clock.monotonicMs()
    this.#liveStart = this.#whereLiveStarts()
  }

  /** A backlog that fits on its way is live; before a longer one, live begins at the journal's end as of now. */
  #whereLiveStarts(): number {
    const { answered, journal } = this.#options
    if (answered.waiting() <= maxInFlight) return Math.min(answered.firstMissing(), journal.next)
    return journal.next - answered.tail <= maxInFlight ? answered.tail : journal.next
  }

  /** The batch that may go now, if any. */
  draw(): { readonly lane: Lane; readonly position: number } | undefined {
    const { answered, clock, journal } = this.#options
    const nowMs = clock.monotonicMs()
    this.#drawnAtMs = nowMs
    if (nowMs < this.#heldUntilMs) return undefined
    const end = Math.min(journal.next, this.#forkedAt ?? journal.next)
    if (nowMs >= this.#liveHeldUntilMs) {
      const from = Math.max(this.#liveStart, this.#options.barred?.until ?? 0)
      const position = this.#firstIdle(from, end)
      if (position !== undefined)
        return this.#count('live') < this.#liveShare() ? { lane: 'live', position } : undefined
    }
    if (nowMs < this.#pacedUntilMs || this.#count('backfill') >= backfillShare) return undefined
    const from = Math.max(answered.firstMissing(), this.#options.barred?.until ?? 0)
    const position = this.#firstIdle(from, Math.min(end, this.#liveStart))
    return position === undefined ? undefined : { lane: 'backfill', position }
  }

  /** The batch that `draw` named is on its way. */
  sent({ position, payload }: JournalRecord): Lane {
    const { clock, bytesPerSecond } = this.#options
    const header = headerOf(payload)
    const nowMs = clock.monotonicMs()
    const lane = this.#laneOf(position)
    this.#underWay.set(position, { lane, order: ++this.#order, atMs: nowMs })
    this.#bases.set(header.chain, position - header.seq)
    if (this.#bases.size > maxChains) this.#bases.delete(this.#bases.keys().next().value!)
    this.#sent[lane]++
    this.#oldestMadeMs[lane] = header.madeMs
    if (lane === 'backfill')
      this.#pacedUntilMs = Math.max(nowMs, this.#pacedUntilMs) + (payload.length * 1_000) / bytesPerSecond
    return lane
  }

  receive(payload: Uint8Array): void {
    const { log, clock, journal } = this.#options
    this.#lastHeardMs = clock.monotonicMs()
    const receipt = payload.length > maxReceiptBytes ? undefined : parse(payload)
    const base = receipt && this.#bases.get(receipt.chain)
    for (const verdict of receipt?.verdicts ?? [])
      if (verdict.verdict === 'declared') this.#options.onDeclared?.(receipt!.chain, verdict)
    if (receipt === undefined) log.warn({ bytes: payload.length }, 'a receipt that cannot be read is ignored')
    else if (base === undefined) {
      if (receipt.verdicts.some(({ verdict }) => verdict !== 'declared'))
        log.warn(
          { chain: receipt.chain },
          'a receipt for another chain is ignored: two gateways of one name?',
        )
    } else {
      // Whether a gap is a refusal depends on what else the receipt says of the same batch.
      const gaps = receipt.verdicts.filter(({ verdict }) => verdict === 'gap')
      for (const verdict of [...receipt.verdicts.filter((one) => !gaps.includes(one)), ...gaps])
        if (base + verdict.seq < journal.next) this.#take(receipt.chain, base, verdict)
    }
    this.changed()
  }

  #take(chain: string, base: number, verdict: Verdict): void {
    const { log, clock } = this.#options
    const { seq } = verdict
    const position = base + seq
    const nowMs = clock.monotonicMs()
    switch (verdict.verdict) {
      case 'declared':
        break
      case 'stored':
      case 'duplicate':
        this.#settle(position)
        break
      case 'rejected':
        log.error({ seq, reason: verdict.reason }, 'the centre refused a batch for good, and keeps it aside')
        this.#settle(position)
        break
      case 'held':
        if (!this.#underWay.delete(position)) break
        if (nowMs >= this.#heldUntilMs) log.warn({ seq, reason: verdict.reason }, 'the centre asks to wait')
        this.#heldUntilMs = nowMs + heldMs
        break
      case 'forked':
        if (!this.#underWay.delete(position)) break
        log.error({ chain, seq, reason: verdict.reason }, 'the centre cannot take this chain further')
        this.#forkedAt = Math.min(position, this.#forkedAt ?? position)
        break
      case 'gap':
        this.#fill(chain, { from: verdict.expected, until: seq }, base)
        // Not taken: what is missing before it goes first, and live waits a moment for it.
        if (this.#underWay.delete(position) && this.#laneOf(position) === 'live')
          this.#liveHeldUntilMs = nowMs + overtakenMs
        break
    }
  }

  #settle(position: number): void {
    const one = this.#underWay.get(position)
    if (one === undefined) return
    this.#underWay.delete(position)
    this.#lastAnswered = Math.max(this.#lastAnswered, one.order)
    this.#options.answered.add({ from: position, until: position + 1 })
  }

  /** What the centre asks for is sent again as long as it is here; what is gone is told. */
  #fill(chain: string, { from, until }: Range, base: number): void {
    const { journal, answered, ended, onMissed, barred } = this.#options
    const first = Math.max(journal.first, barred?.until ?? 0)
    const isSealedAgain = ended?.has(chain) ?? false
    const here = isSealedAgain ? until : Math.min(until, Math.max(from, first - base))
    // What waits comes by itself, also of an ended chain.
    const gone = new Ranges([{ from: base + from, until: base + here }])
    for (const waits of answered.missing({ from: base + from, until: base + here })) gone.remove(waits)
    for (const one of gone.all)
      onMissed?.({ chain, from: one.from - base, until: one.until - base, isSealedAgain })
    if (here < until) answered.again({ from: base + here, until: base + until })
  }

  #firstIdle(from: number, until: number): number | undefined {
    const { answered } = this.#options
    let position = answered.firstMissing(from)
    while (this.#underWay.has(position)) position = answered.firstMissing(position + 1)
    return position < until ? position : undefined
  }

  #laneOf(position: number): Lane {
    return position < this.#liveStart ? 'backfill' : 'live'
  }

  #count(lane: Lane): number {
    let count = 0
    for (const one of this.#underWay.values()) if (one.lane === lane) count++
    return count
  }

  /** Once backfill has reached the beginning of live, the lanes are one. */
  #liveShare(): number {
    const isOne = this.#options.answered.firstMissing() >= this.#liveStart
    return isOne ? maxInFlight : maxInFlight - backfillShare
  }

  /** Forgets that batches are under way whose answer is overdue while later ones were answered. */
  sendOvertakenAgain(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const [position, { order, atMs }] of this.#underWay)
      if (order < this.#lastAnswered && nowMs - atMs >= overtakenMs) {
        this.#underWay.delete(position)
        this.changed()
      }
  }

  /** Where the chain must be sealed again, once all that is under way behind that place has its answer. */
  get forkedAt(): number | undefined {
    if (this.#forkedAt === undefined) return undefined
    for (const position of this.#underWay.keys()) if (position >= this.#forkedAt) return undefined
    return this.#forkedAt
  }

  /** What could not be sent further has been sealed again at the journal's end. */
  resealed(): void {
    this.#forkedAt = undefined
    this.#liveStart = this.#whereLiveStarts()
    this.changed()
  }

  /** Whether a batch before this position is under way, so that its fate is not known yet. */
  isUnderWay(until: number): boolean {
    for (const position of this.#underWay.keys()) if (position < until) return true
    return false
  }

  /** The batch that `draw` named cannot go now: others go first, and it is tried again in a while. */
  postpone(position: number): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#underWay.set(position, { lane: this.#laneOf(position), order: ++this.#order, atMs: nowMs })
  }

  /** How long batches have been under way without any receipt. */
  silentMs(): number {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#underWay.size === 0) this.#lastHeardMs = nowMs
    return nowMs - this.#lastHeardMs
  }

  /** Batches sent on this connection, batches without an answer, and when the oldest of those sent last was made. */
  state(lane: Lane): { sent: number; waiting: number; oldestMadeMs: number | undefined } {
    const { answered } = this.#options
    const backfill = answered.waiting(this.#liveStart)
    const waiting = lane === 'backfill' ? backfill : answered.waiting() - backfill
    return {
      sent: this.#sent[lane],
      waiting,
      oldestMadeMs: waiting === 0 ? undefined : this.#oldestMadeMs[lane],
    }
  }

  /** Lets `idle` look again. */
  changed(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  /** Waits until `draw` may answer otherwise: a receipt, a new batch, the end of a pause, or abort. */
  async idle(signal: AbortSignal): Promise<void> {
    const { clock, journal } = this.#options
    const enough = new AbortController()
    const stop = () => enough.abort()
    if (signal.aborted) return
    signal.addEventListener('abort', stop, { once: true })
    const woken = this.#wake.promise
    // As `draw` saw them: a pause that has ended since would otherwise be waited for by nobody.
    const pauses = [this.#heldUntilMs, this.#liveHeldUntilMs, this.#pacedUntilMs].filter(
      (ms) => ms > this.#drawnAtMs,
    )
    const waits: Promise<unknown>[] = [woken]
    if (pauses.length > 0) {
      const leftMs = Math.max(0, Math.min(...pauses) - clock.monotonicMs())
      waits.push(clock.sleep(leftMs, enough.signal).catch(() => undefined))
    }
    waits.push(grown(journal, journal.next, enough.signal))
    try {
      await Promise.race(waits)
    } finally {
      signal.removeEventListener('abort', stop)
      enough.abort()
    }
  }
}

/** Resolves when the journal has a record at this position, or on abort. */
async function grown(journal: Journal, position: number, signal: AbortSignal): Promise<void> {
  for await (const _ of journal.follow(position, signal, { records: 1 })) return
}

export function headerOf(payload: Uint8Array): BatchHeader {
  return decodeHeader(openSign1(decodeBatch(payload).sign1).payload)
}

function parse(payload: Uint8Array): Receipt | undefined {
  try {
    return Receipt.safeParse(JSON.parse(Buffer.from(payload).toString())).data
  } catch {
    return undefined
  }
}
