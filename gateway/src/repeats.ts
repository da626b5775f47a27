import type { PointKey } from '@farwatch/model'
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
