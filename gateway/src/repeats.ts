import { decodeBatch, decodeSeries, type PointKey, type Series } from '@farwatch/model'
import type { Journal } from '@farwatch/runtime'
import type { Sample } from './driver.ts'

/** How many stamps a point's window holds: more than a broker or a device has on its way without an acknowledgement. */
const windowSize = 256
const firstSize = 8
/** Batches at the end of the journal that are looked through at the start. */
const rememberedBatches = 1_000

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

  /** Takes up again what an earlier life stored: a PUBACK that it no longer sent brings the same readings once more. */
  async remember(journal: Journal): Promise<void> {
    const from = Math.max(journal.first, journal.next - rememberedBatches)
    for (let at = from; at < journal.next; ) {
      for (const { position, payload } of await journal.read(at)) {
        const series = payload === undefined ? [] : decodeBatch(payload).series
        for (const bytes of series) this.#rememberSeries(decodeSeries(bytes))
        at = position + 1
      }
    }
  }

  #rememberSeries({ point, timeSource, timesMs, values, qualities }: Series): void {
    if (timeSource !== 'device') return
    const window = this.#windowOf(point)
    for (const [i, timeMs] of timesMs.entries()) window.add(timeMs, values[i]!, qualities[i]!)
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
