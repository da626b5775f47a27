import { decodeBatch, decodeSeries, type PointKey } from '@farwatch/model'
import type { Journal } from '@farwatch/runtime'
import type { Sample } from './driver.ts'

/** How many stamps a point's window holds. */
const windowSize = 32

interface Seen {
  readonly timeMs: number
  readonly value: number | null
  readonly quality: number
}

/**
 * Drops what a device sends twice: the same value of a point under the same stamp of the device's own clock, as an OPC UA
 * server does after a reconnection and an MQTT client after a lost PUBACK. Looks back 32 stamps a point; what the gateway
 * stamped itself passes. A stamp that comes again with another value is a correction and passes too.
 */
export class Repeats {
  readonly #seen = new Map<PointKey, Seen[]>()

  /** False for a repeat. What it lets through counts as stored: the gateway does not outlive a store that fails. */
  admit({ point, timeMs, timeSource, value, quality }: Sample): boolean {
    if (timeSource !== 'device') return true
    const seen = this.#seen.get(point) ?? []
    if (seen.some((one) => one.timeMs === timeMs && one.value === value && one.quality === quality))
      return false
    seen.push({ timeMs, value, quality })
    if (seen.length > windowSize) seen.shift()
    this.#seen.set(point, seen)
    return true
  }
}

/** How far back into the journal the window is made again at start. */
const lookBack = { batches: 2_000, bytes: 16 * 1024 ** 2 }

/** The window as it was when the last life of the gateway ended, as far as its newest batches tell. */
export async function repeatsSince(journal: Journal): Promise<Repeats> {
  const repeats = new Repeats()
  const newest: Uint8Array[] = []
  let bytes = 0
  for (let from = Math.max(journal.first, journal.next - lookBack.batches); from < journal.next; ) {
    const entries = await journal.read(from)
    if (entries.length === 0) break
    for (const { position, payload } of entries) {
      from = position + 1
      if (payload === undefined) continue
      newest.push(payload)
      bytes += payload.length
      while (bytes > lookBack.bytes) bytes -= newest.shift()!.length
    }
  }
  for (const payload of newest) {
    for (const leaf of decodeBatch(payload).series) {
      const { point, timeSource, timesMs, values, qualities } = decodeSeries(leaf)
      for (const [i, timeMs] of timesMs.entries()) {
        const value = Number.isNaN(values[i]!) ? null : values[i]!
        repeats.admit({ point, timeMs, timeSource, value, quality: qualities[i]! })
      }
    }
  }
  return repeats
}
