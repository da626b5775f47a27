const hourMs = 3_600_000

/** Hour of the day in Asia/Shanghai (UTC+8, no summer time), 0 ≤ h < 24 with fraction. */
export function localHour(timeMs: number): number {
  return (((timeMs / hourMs + 8) % 24) + 24) % 24
}

/** 0 in the night, 1 in working hours (7–19), with an hour's smooth change at each end. */
export function workload(timeMs: number): number {
  const hour = localHour(timeMs)
  return Math.max(0, Math.min(1, hour - 6.5, 19.5 - hour))
}

/** 1 in the warmest hour (15:00), -1 in the coldest (3:00). */
export function warmth(timeMs: number): number {
  return Math.cos(((localHour(timeMs) - 15) / 24) * 2 * Math.PI)
}
