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

/** Year 9999: what lies beyond, or before 1970, is no time; no wire format carries it. */
export const latestTimeMs = 253_402_300_799_999

/** Whether a source time can be sent and stored at all. Whether it is plausible is judged against its receipt. */
export function isTime(timeMs: number): boolean {
  return Number.isInteger(timeMs) && timeMs >= 0 && timeMs <= latestTimeMs
}

/** How far ahead of its receipt a stamp may be before it is a wrong clock, and its reading no row of the database. */
export const maxAheadMs = 60_000
/** How long before its receipt: a gateway buffers for weeks, not years, and a clock that was never set says 1970. */
export const maxBehindMs = 400 * 86_400_000

function isPlausible(timeMs: number, receivedMs: number): boolean {
  return timeMs >= receivedMs - maxBehindMs && timeMs <= receivedMs + maxAheadMs
}

/** Whether all of these times can be believed: asked of every batch, and nearly always so. */
export function arePlausible(timesMs: Float64Array, receivedMs: number): boolean {
  for (let i = 0; i < timesMs.length; i++) if (!isPlausible(timesMs[i]!, receivedMs)) return false
  return true
}

/** Why a source time cannot be believed, for a person; undefined where it can. */
export function implausible(timeMs: number, receivedMs: number): string | undefined {
  if (isPlausible(timeMs, receivedMs)) return undefined
  if (timeMs < receivedMs) {
    const days = Math.round((receivedMs - timeMs) / 86_400_000)
    return `stamped ${new Date(timeMs).toISOString()}, ${days} days before its receipt; at most ${maxBehindMs / 86_400_000}: was the clock never set?`
  }
  const aheadS = Math.round((timeMs - receivedMs) / 1000)
  return `stamped ${new Date(timeMs).toISOString()}, ${aheadS} s ahead of its receipt; at most ${maxAheadMs / 1000} s`
}

/** Parts a series into what its stamps allow to be put on a time axis and what not; most series come back as they are. */
export function partByPlausibility(
  series: Series,
  receivedMs: number,
): { readonly kept: Series | undefined; readonly refused: Series | undefined } {
  const wrong = (timeMs: number) => !isPlausible(timeMs, receivedMs)
  if (!series.timesMs.some(wrong)) return { kept: series, refused: undefined }
  const pick = (take: (timeMs: number) => boolean): Series | undefined => {
    const rows = [...series.timesMs.keys()].filter((i) => take(series.timesMs[i]!))
    if (rows.length === 0) return undefined
    return {
      ...series,
      timesMs: Float64Array.from(rows, (i) => series.timesMs[i]!),
      values: Float64Array.from(rows, (i) => series.values[i]!),
      qualities: Uint16Array.from(rows, (i) => series.qualities[i]!),
    }
  }
  return { kept: pick((timeMs) => !wrong(timeMs)), refused: pick(wrong) }
}
