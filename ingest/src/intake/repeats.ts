import { type CentreRecord, decodeRecord, parseTelemetry, type Telemetry, utf8 } from '@farwatch/model'
import { Counter, type Journal, type Registry } from '@farwatch/runtime'

/** What is remembered: by receipt, by number of values, and how much of the journal is read again at start. */
export const repeatBounds = {
  ms: 15 * 60_000,
  values: 200_000,
  reread: { records: 50_000, bytes: 128 * 1024 * 1024 },
} as const

/** A message that is on its way to disk, or there. */
interface Seen {
  readonly values: Telemetry['values']
  readonly receivedMs: number
  /** Rejects when it did not come to disk. */
  readonly kept: Promise<unknown>
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
  /** By device and source time; in order of receipt. */
  readonly #seen = new Map<string, readonly Seen[]>()
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
    const key = keyOf(device, telemetry)
    const { receivedMs } = message
    if (key === undefined) return void (await message.keep())
    const before = this.#repeated(key, telemetry, receivedMs)
    if (before !== undefined) {
      await Promise.all(before.map(({ kept }) => kept))
      this.#duplicates.inc()
      return
    }
    const seen: Seen = { values: telemetry.values, receivedMs, kept: message.keep() }
    this.#add(key, seen)
    try {
      await seen.kept
    } catch (error) {
      this.#remove(key, seen)
      throw error
    }
  }

  /** The messages that had these values already; undefined where one of them is new. */
  #repeated(key: string, { values }: Telemetry, nowMs: number): readonly Seen[] | undefined {
    const seen = this.#seen.get(key)?.filter((one) => !isOver(one, nowMs)) ?? []
    for (const [metric, value] of values) {
      if (!seen.some((one) => one.values.get(metric) === value)) return undefined
    }
    return seen
  }

  #add(key: string, seen: Seen): void {
    const [old, fresh] = [[] as Seen[], [] as Seen[]]
    for (const one of this.#seen.get(key) ?? []) (isOver(one, seen.receivedMs) ? old : fresh).push(one)
    this.#seen.delete(key)
    this.#seen.set(key, [...fresh, seen])
    this.#values += seen.values.size
    for (const { values } of old) this.#values -= values.size
    for (const [oldest, all] of this.#seen) {
      const passed = isOver(all.at(-1)!, seen.receivedMs)
      if (!passed && this.#values <= repeatBounds.values) break
      if (!passed) this.#evicted.inc(all.length)
      this.#seen.delete(oldest)
      for (const { values } of all) this.#values -= values.size
    }
  }

  #remove(key: string, seen: Seen): void {
    const all = this.#seen.get(key)
    if (!all?.includes(seen)) return
    const rest = all.filter((one) => one !== seen)
    if (rest.length === 0) this.#seen.delete(key)
    else this.#seen.set(key, rest)
    this.#values -= seen.values.size
  }

  #restore(record: CentreRecord): void {
    if (record.kind !== 'telemetry') return
    const parsed = parseTelemetry(utf8(record.bytes))
    if ('problem' in parsed) return
    const key = keyOf(record, parsed.telemetry)
    if (key === undefined) return
    this.#add(key, {
      values: parsed.telemetry.values,
      receivedMs: record.receivedMs,
      kept: Promise.resolve(),
    })
  }
}

function keyOf({ site, device }: Device, { timeMs }: Telemetry): string | undefined {
  return timeMs === undefined ? undefined : `${site}/${device}/${timeMs}`
}

function isOver({ receivedMs }: { receivedMs: number }, nowMs: number): boolean {
  return nowMs - receivedMs >= repeatBounds.ms
}
