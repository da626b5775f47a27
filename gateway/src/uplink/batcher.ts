import { batchHash, noHash, openBatch, type SigningKey, sealBatch } from '@farwatch/evidence'
import {
  encodeBatch,
  FarwatchError,
  type PointKey,
  Quality,
  type Reading,
  type Series,
  seriesIn,
  type TimeSource,
} from '@farwatch/model'
import { type Clock, type Cursor, type Journal, type Logger, randomId } from '@farwatch/runtime'

/** What a driver yields, one value of one point. */
export type StampedReading = Reading & { readonly timeSource: TimeSource }

export interface BatcherOptions {
  readonly gateway: string
  readonly key: SigningKey
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  /** How long the first reading of a batch waits for others. */
  readonly lingerMs?: number
}

interface Delivery {
  readonly readings: readonly StampedReading[]
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

const newChain = (journal: Journal): ChainEnd => ({
  ...{ chain: randomId(), seq: 0, hash: noHash },
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
  const { gateway, key, journal, clock, log } = options
  const lingerMs = options.lingerMs ?? 50
  const boot = randomId()
  const startedMs = clock.monotonicMs()
  let end = await chainEnd(journal)
  const waiting: Delivery[] = []
  let running: Promise<void> | undefined
  let writing: Promise<unknown> = Promise.resolve()
  let problem: string | undefined
  const abort = new AbortController()

  async function run(): Promise<void> {
    await clock.sleep(lingerMs, abort.signal).catch(() => undefined)
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
    const turn = writing.then(work)
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
    for (;;) {
      const place = { gateway, chain: end.chain, boot, seq: end.seq + 1, prev: end.hash }
      const times = { madeMs: clock.now(), monotonicMs: Math.floor(clock.monotonicMs() - startedMs) }
      const batch = sealBatch(series, { ...place, ...times }, key)
      try {
        const position = await journal.append(encodeBatch(batch))
        if (position !== end.base + place.seq) {
          throw new FarwatchError(
            'bad-chain',
            `the journal put sequence ${place.seq} at position ${position}`,
          )
        }
        end = { ...end, seq: place.seq, hash: batchHash(batch) }
        if (problem !== undefined) log.info('the journal takes readings again')
        problem = undefined
        return
      } catch (error) {
        if (!(error instanceof FarwatchError && error.retryable) || abort.signal.aborted) throw error
        if (problem === undefined)
          log.error({ problem: error.message }, 'the journal takes nothing; devices wait')
        problem = error.message
        await clock.sleep(retryMs, abort.signal).catch(() => undefined)
      }
    }
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
     * Begins a new chain and seals in it again, batch for batch, what waits for its receipt; then `cursor` stands at its
     * first batch. For a centre that knows another continuation of the old chain.
     */
    beginChain(cursor: Cursor): Promise<void> {
      return inTurn(async () => {
        const next = newChain(journal)
        end = next
        let damaged = 0
        for (let from = cursor.position; from <= next.base; ) {
          for (const { position, payload } of await journal.read(from)) {
            from = position + 1
            if (position > next.base) continue
            if (payload === undefined) damaged++
            else await store(seriesIn(openBatch(payload).readings))
          }
        }
        cursor.advance(next.base + 1)
        log.warn(
          { chain: next.chain, batches: end.seq, damaged },
          'the chain could not go on: a new one has begun with what waited and could be read',
        )
      })
    },
    /** Stores what waits, then ends. */
    async stop(): Promise<void> {
      abort.abort()
      await running
    },
  }

  function add(readings: readonly StampedReading[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.push({ readings, resolve, reject })
    running ??= run()
    return promise
  }
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
