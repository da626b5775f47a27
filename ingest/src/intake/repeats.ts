import { type CentreRecord, decodeRecord, parseTelemetry, type Telemetry, utf8 } from '@farwatch/model'
import { Counter, type Journal, type Registry } from '@farwatch/runtime'

/** What is remembered: by receipt, by number of values, and how much of the journal is read again at start. */
export const repeatBounds = {
  ms: 15 * 60_000,
  values: 200_000,
  reread: { records: 50_000, bytes: 128 * 1024 * 1024 },
} as const

/** A message that is on its way to disk, or there. There are tens of thousands of these, so each is little. */
interface Seen {
  readonly window: Window
  readonly timeMs: number
  readonly metrics: readonly string[]
  readonly values: readonly number[]
  readonly receivedMs: number
  /** Rejects when it did not come to disk; undefined once it is there. */
  kept: Promise<unknown> | undefined
  /** The message of the same device and time that came before it. */
  before: Seen | undefined
  isForgotten: boolean
}

/** What came of one device. */
interface Window {
  readonly device: string
  readonly byTime: Map<number, Seen>
  /** Of its last message, so that messages with the same metrics share them. */
  metrics: readonly string[]
}

type Device = { readonly site: string; readonly device: string }

/**
 * Plain messages with a time of their own that came lately, so that one that comes again (its PUBACK was lost, its sender
 * reconnected) is acknowledged and not stored twice. A message is a repeat when each of its values came before from the
 * same device with the same time; with one that is new it is a correction, and stored whole, for the record is the message
 * as it came. The window is rebuilt from
 * the journal: after a restart it reaches as far back as the journal and its bounds do.
 */
export class Repeats {
  readonly #windows = new Map<string, Window>()
  /** In order of receipt from `#oldest` on; what lies before it is given up in one go now and then. */
  #queue: Seen[] = []
  #oldest = 0
  readonly #duplicates: Counter
  readonly #evicted: Counter
  #values = 0

  constructor(metrics: Registry) {
    this.#duplicates = new Counter({
      name: 'farwatch_duplicate_messages_total',
      help: 'Plain messages that came again: acknowledged, not stored twice',
      registers: [metrics],
    })
    this.#evicted = new Counter({
      name: 'farwatch_duplicate_window_evicted_total',
      help: 'Plain messages forgotten before their 15 minutes, because too many came: a repeat of them would be stored twice',
      registers: [metrics],
    })
  }

  static async open(journal: Journal, metrics: Registry, nowMs: number): Promise<Repeats> {
    const repeats = new Repeats(metrics)
    const { records, bytes } = repeatBounds.reread
    const kept = journal.next - journal.first
    // As many of the last records as have about these bytes.
    const share = Math.min(1, bytes / Math.max(1, journal.bytes))
    let from = journal.next - Math.min(records, Math.ceil(kept * share))
    while (from < journal.next) {
      for (const { position, payload } of await journal.read(from)) {
        from = position + 1
        if (payload === undefined) continue
        const record = decodeRecord(payload)
        if (!isOver(record, nowMs)) repeats.#restore(record)
      }
    }
    return repeats
  }

  /**
   * Stores a message by `keep` unless it is a repeat. Resolves when it is on disk, now or before. @throws what `keep`
   * throws; the message then counts as never seen.
   */
  async take(
    device: Device,
    telemetry: Telemetry,
    message: { receivedMs: number; keep: () => Promise<unknown> },
  ): Promise<void> {
    const { receivedMs } = message
    const { timeMs } = telemetry
    if (timeMs === undefined) return void (await message.keep())
    const window = this.#windowOf(device)
    const before = repeated(window.byTime.get(timeMs), telemetry, receivedMs)
    if (before !== undefined) {
      await Promise.all(before.map(({ kept }) => kept))
      this.#duplicates.inc()
      return
    }
    const kept = message.keep()
    const seen = this.#add(window, telemetry, { timeMs, receivedMs, kept })
    try {
      await kept
      seen.kept = undefined
    } catch (error) {
      if (!seen.isForgotten) this.#forget(seen)
      throw error
    }
  }

  #windowOf({ site, device }: Device): Window {
    const name = `${site}/${device}`
    return this.#windows.get(name) ?? { device: name, byTime: new Map(), metrics: [] }
  }

  #add(window: Window, { values }: Telemetry, message: Pick<Seen, 'timeMs' | 'receivedMs' | 'kept'>): Seen {
    const { timeMs, receivedMs, kept } = message
    if (!hasMetrics(window.metrics, values)) window.metrics = [...values.keys()]
    const { metrics } = window
    const before = window.byTime.get(timeMs)
    const seen: Seen = {
      ...{ window, timeMs, metrics, values: [...values.values()], receivedMs, kept, before },
      isForgotten: false,
    }
    if (window.byTime.size === 0) this.#windows.set(window.device, window)
    window.byTime.set(timeMs, seen)
    this.#queue.push(seen)
    this.#values += metrics.length
    this.#evict(receivedMs)
    return seen
  }

  #evict(nowMs: number): void {
    for (; this.#oldest < this.#queue.length; this.#oldest++) {
      const seen = this.#queue[this.#oldest]!
      if (seen.isForgotten) continue
      const passed = isOver(seen, nowMs)
      if (!passed && this.#values <= repeatBounds.values) break
      if (!passed) this.#evicted.inc()
      this.#forget(seen)
    }
    if (this.#oldest > 1_024 && this.#oldest > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#oldest)
      this.#oldest = 0
    }
  }

  #forget(seen: Seen): void {
    const { window, timeMs, before } = seen
    let behind = window.byTime.get(timeMs)
    if (behind === seen) {
      if (before !== undefined) window.byTime.set(timeMs, before)
      else window.byTime.delete(timeMs)
    } else {
      while (behind !== undefined && behind.before !== seen) behind = behind.before
      if (behind !== undefined) behind.before = before
    }
    if (window.byTime.size === 0) this.#windows.delete(window.device)
    seen.isForgotten = true
    this.#values -= seen.metrics.length
  }

  #restore(record: CentreRecord): void {
    if (record.kind !== 'telemetry') return
    const parsed = parseTelemetry(utf8(record.bytes))
    if ('problem' in parsed) return
    const { telemetry } = parsed
    const { timeMs } = telemetry
    if (timeMs === undefined) return
    const { receivedMs } = record
    this.#add(this.#windowOf(record), telemetry, { timeMs, receivedMs, kept: undefined })
  }
}

/** The messages that had these values already, from the last one back; undefined where one of them is new. */
function repeated(last: Seen | undefined, { values }: Telemetry, nowMs: number): readonly Seen[] | undefined {
  if (last === undefined) return undefined
  const seen: Seen[] = []
  for (let one: Seen | undefined = last; one !== undefined; one = one.before) {
    if (!isOver(one, nowMs)) seen.push(one)
  }
  for (const [metric, value] of values) {
    if (!seen.some((one) => one.values[one.metrics.indexOf(metric)] === value)) return undefined
  }
  return seen
}

function hasMetrics(metrics: readonly string[], values: Telemetry['values']): boolean {
  if (metrics.length !== values.size) return false
  let i = 0
  for (const metric of values.keys()) if (metrics[i++] !== metric) return false
  return true
}

function isOver({ receivedMs }: { receivedMs: number }, nowMs: number): boolean {
  return nowMs - receivedMs >= repeatBounds.ms
}
