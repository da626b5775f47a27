import { decodeBatch, decodeSeries, type PointKey } from '@farwatch/model'
import type { Journal } from '@farwatch/runtime'
import type { Sample } from './driver.ts'

/** How many stamps a point's window holds: more than a broker or a device has on its way without an acknowledgement. */
const windowSize = 256
const firstSize = 8

/**
 * Drops what a device sends twice: the same value of a point under the same stamp of the device's own clock, as an OPC UA
 * server does after a reconnection and an MQTT client after a lost PUBACK. Looks back 256 stamps a point; what the gateway
 * stamped itself passes. A stamp that comes again with another value is a correction and passes too.
 */
export class Repeats {
  readonly #seen = new Map<PointKey, Window>()

  /** False for a repeat. What it lets through counts as stored: the gateway does not outlive a store that fails. */
  admit({ point, timeMs, timeSource, value, quality }: Sample): boolean {
    if (timeSource !== 'device') return true
    return this.#windowOf(point).add(timeMs, value ?? Number.NaN, quality)
  }

  #windowOf(point: PointKey): Window {
    let window = this.#seen.get(point)
    if (window === undefined) {
      window = new Window()
      this.#seen.set(point, window)
    }
    return window
  }
}

/** The last stamps of one point, a ring that grows to its full size only where a point sends so much. */
class Window {
  #times = new Float64Array(firstSize)
  #values = new Float64Array(firstSize)
  #qualities = new Uint16Array(firstSize)
  #count = 0

  /** False when it holds this already. */
  add(timeMs: number, value: number, quality: number): boolean {
    const held = Math.min(this.#count, this.#times.length)
    for (let i = 0; i < held; i++) {
      if (this.#times[i] === timeMs && this.#qualities[i] === quality && Object.is(this.#values[i], value))
        return false
    }
    if (held === this.#times.length && held < windowSize) this.#grow()
    const place = this.#count++ % this.#times.length
    this.#times[place] = timeMs
    this.#values[place] = value
    this.#qualities[place] = quality
    return true
  }

  #grow(): void {
    const size = this.#times.length * 2
    const [times, values, qualities] = [this.#times, this.#values, this.#qualities]
    this.#times = new Float64Array(size)
    this.#values = new Float64Array(size)
    this.#qualities = new Uint16Array(size)
    this.#times.set(times)
    this.#values.set(values)
    this.#qualities.set(qualities)
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
