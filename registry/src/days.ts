/** China's clocks have no summer time: a local day is a day of UTC+8. */
const offsetMs = 8 * 3_600_000
const dayMs = 86_400_000

/** The local day of a moment, `2026-11-23`. */
export function dayOf(atMs: number): string {
  return new Date(atMs + offsetMs).toISOString().slice(0, 10)
}

/** When the local day after this moment begins, Unix milliseconds. */
export function nextDayMs(atMs: number): number {
  return (Math.floor((atMs + offsetMs) / dayMs) + 1) * dayMs - offsetMs
}

export function dayBefore(day: string): string {
  return new Date(Date.parse(day) - dayMs).toISOString().slice(0, 10)
}

/** First and last day of something; without a last one it has no end. */
export interface Period {
  readonly from: string
  readonly to?: string | undefined
}

export function isIn({ from, to }: Period, day: string): boolean {
  return from <= day && (to === undefined || day <= to)
}

export function overlap(a: Period, b: Period): boolean {
  return (a.to === undefined || b.from <= a.to) && (b.to === undefined || a.from <= b.to)
}
