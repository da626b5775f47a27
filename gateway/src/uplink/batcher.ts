import { batchHash, noHash, openBatch, type SigningKey, sealBatch } from '@farwatch/evidence'
import {
  encodeBatch,
  FarwatchError,
  messageOf,
  type PointKey,
  Quality,
  type Reading,
  type Series,
  seriesIn,
  type TimeSource,
} from '@farwatch/model'
import { type Clock, type Journal, type Logger, randomId } from '@farwatch/runtime'
import type { Answered } from './answered.ts'
import type { Copying, CopyingMarker } from './copying.ts'
import type { Range } from './ranges.ts'
import { headerOf } from './window.ts'

/** What a driver yields, one value of one point. */
export type StampedReading = Reading & { readonly timeSource: TimeSource }

export interface BatcherOptions {
  readonly gateway: string
  readonly key: SigningKey
  readonly journal: Journal
  readonly answered: Answered
  readonly marker: CopyingMarker
  readonly clock: Clock
  readonly log: Logger
  /** How long the first reading of a batch waits for others, unless one is urgent; default 50 ms. */
  readonly lingerMs?: number
  /** Whether a reading closes its batch at once; asked once for each, in order. */
  readonly isUrgent?: (reading: StampedReading) => boolean
}

interface Delivery {
  readonly readings: readonly StampedReading[]
  readonly isUrgent: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Of the longest names this still stays below the bound of one batch on the wire. */
const maxReadings = 1_000
const retryMs = 1_000

/** The last link of the journal's chain, from which the next batch goes on. */
export interface ChainEnd {
  readonly chain: string
  readonly seq: number
  readonly hash: Uint8Array
  /** Journal position before the chain's first batch: sequence n stands at `base` + n. */
  readonly base: number
}

const newChain = (journal: Journal, chain = randomId()): ChainEnd => ({
  ...{ chain, seq: 0, hash: noHash },
  base: journal.next - 1,
})

/** Where the chain in a gateway's journal has come to; a new chain where there is none. */
export async function chainEnd(journal: Journal): Promise<ChainEnd> {
  const last = journal.next > 1 ? (await journal.read(journal.next - 1))[0] : undefined
  // Nothing or, on a rotten disk, nothing readable to go on from.
  if (last?.payload === undefined) return newChain(journal)
  const { header, hash } = openBatch(last.payload)
  return { chain: header.chain, seq: header.seq, hash, base: last.position - header.seq }
}

/**
 * Turns readings into batches: numbered, chained, signed and on disk before `add` resolves. The gateway's journal is the
 * chain: its records hold the batches in order of their sequence. A journal that is full or whose disk refuses holds the drivers back
 * until it recovers; any other failure rejects, which ends the gateway.
 */
export async function createBatcher(options: BatcherOptions) {
  const { gateway, key, journal, answered, marker, clock, log, isUrgent = () => false } = options
  const lingerMs = options.lingerMs ?? 50
  const boot = randomId()
  const startedMs = clock.monotonicMs()
  let end = await chainEnd(journal)
  const waiting: Delivery[] = []
  let running: Promise<void> | undefined
  let writing: Promise<unknown> = Promise.resolve()
  let problem: string | undefined
  /** What ended the sealing anew of a chain in its midst: nothing may follow but a new start, which goes on with it. */
  let broken: { readonly cause: unknown } | undefined
  const abort = new AbortController()
  let linger = new AbortController()

  // Not awaited: with a full disk it waits for the uplink, which starts after this.
  if (marker.copying !== undefined) {
    const { copying } = marker
    inTurn(() => orBroken(() => resume(copying))).catch(() => undefined)
  }

  async function run(): Promise<void> {
    linger = new AbortController()
    if (abort.signal.aborted || waiting.some(({ isUrgent }) => isUrgent)) linger.abort()
    await clock.sleep(lingerMs, linger.signal).catch(() => undefined)
    while (waiting.length > 0) {
      const { deliveries, series } = take()
      try {
        if (series.length > 0) await inTurn(() => store(series))
        for (const { resolve } of deliveries) resolve()
      } catch (error) {
        for (const { reject } of deliveries) reject(error)
      }
    }
    running = undefined
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = writing.then(() => {
      if (broken !== undefined) throw broken.cause
      return work()
    })
    writing = turn.catch(() => undefined)
    return turn
  }

  /** As many deliveries as fit into one batch; a point never has two time sources in one. */
  function take(): { deliveries: Delivery[]; series: Series[] } {
    const byPoint = new Map<PointKey, StampedReading[]>()
    let count = 0
    let taken = 0
    for (const { readings } of waiting) {
      const clash = readings.some(({ point, timeSource }) => {
        const before = byPoint.get(point)?.[0]
        return before !== undefined && before.timeSource !== timeSource
      })
      if (taken > 0 && (clash || count + readings.length > maxReadings)) break
      for (const reading of readings) {
        const rows = byPoint.get(reading.point)
        if (rows) rows.push(reading)
        else byPoint.set(reading.point, [reading])
      }
      count += readings.length
      taken++
    }
    return { deliveries: waiting.splice(0, taken), series: Array.from(byPoint.values(), toSeries) }
  }

  async function store(series: readonly Series[]): Promise<void> {
    const place = { gateway, chain: end.chain, boot, seq: end.seq + 1, prev: end.hash }
    await untilTaken(async () => {
      const times = { madeMs: clock.now(), monotonicMs: Math.floor(clock.monotonicMs() - startedMs) }
      const batch = sealBatch(series, { ...place, ...times }, key)
      const position = await journal.append(encodeBatch(batch))
      if (position !== end.base + place.seq) {
        throw new FarwatchError('bad-chain', `the journal put sequence ${place.seq} at position ${position}`)
      }
      end = { ...end, seq: place.seq, hash: batchHash(batch) }
    })
  }

  /** Tries again for as long as the disk refuses. */
  async function untilTaken(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await work()
        if (problem !== undefined) log.info('the journal takes readings again')
        problem = undefined
        return
      } catch (error) {
        if (!isPassing(error) || abort.signal.aborted) throw error
        if (problem === undefined)
          log.error({ problem: messageOf(error) }, 'the journal takes nothing; devices wait')
        problem = messageOf(error)
        await clock.sleep(retryMs, abort.signal).catch(() => undefined)
      }
    }
  }

  /** Seals again, at the end of the journal, what of an ended chain has no answer; the place in it is on disk throughout. */
  async function copy(of: string, { from, until }: Range): Promise<void> {
    for (const range of answered.missing({ from, until })) {
      let follows: number | undefined
      for (let next = range.from; next < range.until; ) {
        const entries = (await journal.read(next)).filter(({ position }) => position < range.until)
        if (entries.length === 0) break
        for (const { position, payload } of entries) {
          next = position + 1
          if (payload === undefined || answered.has(position)) continue
          const { header, readings } = openBatch(payload)
          if (header.chain !== of) continue
          if (abort.signal.aborted) throw new FarwatchError('stopping', 'stopped while sealing a chain again')
          const copying = { of, into: end.chain, seq: end.seq + 1, position, until }
          if (follows !== position) {
            // The marker tells from here on only; what was copied before must be on disk without it.
            await untilTaken(() => answered.save())
            await untilTaken(() => marker.begin(copying))
          }
          await store(seriesIn(readings))
          follows = next
          answered.add({ from: position, until: next })
        }
      }
    }
    await untilTaken(() => answered.save())
    await untilTaken(() => marker.end())
  }

  async function orBroken(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (cause) {
      broken = { cause }
      throw cause
    }
  }

  async function resume({ of, into, seq, position, until }: Copying): Promise<void> {
    if (end.chain !== into && seq === 1) end = newChain(journal, into)
    const copied = end.seq + 1 - seq
    if (end.chain !== into || copied < 0) {
      log.error(
        { chain: of, into },
        'the journal has lost what was sealed again: that begins anew when asked for',
      )
      return marker.end()
    }
    const from = Math.min(position + copied, until)
    answered.add({ from: position, until: from })
    log.warn({ chain: of, into, copied }, 'goes on sealing a chain again where the last life ended')
    await copy(of, { from, until })
  }

  return {
    /** Resolves when the readings are on disk. Any number; more than a batch holds are split. */
    add(readings: readonly StampedReading[]): Promise<void> {
      if (readings.length === 0) return Promise.resolve()
      if (readings.length > maxReadings) {
        return add(readings.slice(0, maxReadings)).then(() => add(readings.slice(maxReadings)))
      }
      return add(readings)
    },
    /**
     * Seals again, batch for batch, what of a chain has no answer from journal position `from` on, for a centre that
     * knows another continuation of it: in a new chain, or in the newest if that is another one already. A crash inside
     * neither loses nor doubles: the next start goes on where this one was.
     */
    reseal(from: number): Promise<void> {
      return inTurn(async () => {
        const first = (await journal.read(from, { records: 1 }))[0]
        if (first?.payload === undefined || first.position !== from) return
        const of = headerOf(first.payload).chain
        await untilTaken(() => answered.save())
        const until = journal.next
        if (end.chain === of) end = newChain(journal)
        log.warn({ chain: of, into: end.chain, from, until }, 'what waits of a chain is sealed again')
        await orBroken(() => copy(of, { from, until }))
      })
    },
    /** Stores what waits, then ends. */
    async stop(): Promise<void> {
      abort.abort()
      linger.abort()
      await running
    },
  }

  function add(readings: readonly StampedReading[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // Not `some`: each is to be asked, so that a change of quality is noticed.
    const urgent = readings.filter((reading) => isUrgent(reading)).length > 0
    waiting.push({ readings, isUrgent: urgent, resolve, reject })
    if (urgent) linger.abort()
    running ??= run()
    return promise
  }
}

/** A full disk, also one that refuses the small files beside the journal, recovers. */
function isPassing(error: unknown): boolean {
  if (error instanceof FarwatchError) return error.retryable
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/** A value that is no number says nothing: it travels as "no value", never with a good quality. */
function toSeries(readings: readonly StampedReading[]): Series {
  const first = readings[0]!
  const isNumber = readings.map(({ value }) => value !== null && Number.isFinite(value))
  return {
    point: first.point,
    timeSource: first.timeSource,
    timesMs: Float64Array.from(readings, ({ timeMs }) => Math.round(timeMs)),
    values: Float64Array.from(readings, ({ value }, i) => (isNumber[i] ? value! : Number.NaN)),
    qualities: Uint16Array.from(readings, ({ quality }, i) =>
      isNumber[i] || quality >= 0x8000 ? quality : Quality.bad,
    ),
  }
}
