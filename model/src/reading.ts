import type { PointKey } from './names.ts'
import type { Quality } from './quality.ts'

/**
 * Who stamped a reading: `device` its source clock, `gateway` the moment of the poll, `arrival` the centre, for a
 * plain message that carried no time.
 */
export type TimeSource = 'device' | 'gateway' | 'arrival'
export const timeSources = ['device', 'gateway', 'arrival'] as const satisfies readonly TimeSource[]

/** One value of one point. Booleans are 0 and 1. `value` is null where the quality is bad and nothing was read. */
export interface Reading {
  readonly point: PointKey
  /** Source time, Unix milliseconds (integer), never re-stamped. */
  readonly timeMs: number
  readonly value: number | null
  readonly quality: Quality
}

/** Readings of one point out of one batch, as they travel and as they are proven: times ascending as sent. */
export interface Series {
  readonly point: PointKey
  readonly timeSource: TimeSource
  readonly timesMs: Float64Array
  /** NaN stands for "no value". */
  readonly values: Float64Array
  readonly qualities: Uint16Array
}

export function* readingsOf(series: Series): Generator<Reading> {
  for (let i = 0; i < series.timesMs.length; i++) {
    const value = series.values[i]!
    yield {
      point: series.point,
      timeMs: series.timesMs[i]!,
      value: Number.isNaN(value) ? null : value,
      quality: series.qualities[i]!,
    }
  }
}
