import type { PointKey } from '@farwatch/model'

/** The value another point has at the same moment, with any script that plays on it. */
export type Read = (key: PointKey) => number

/** What a point measures at a moment when no script is playing on it. */
export type Process = (timeMs: number, read: Read) => number

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
