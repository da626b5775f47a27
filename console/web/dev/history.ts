import type { History } from '@farwatch/model'
import type { City } from './city.ts'

/** What live would have shown, with an outage of some minutes in every hour. */
export function historyOf(
  city: City,
  query: { point: string; from: string; to: string; step?: string },
): History {
  const point = city.pointOf(query.point)
  const [fromMs, toMs] = [Date.parse(query.from), Date.parse(query.to)]
  const stepMs = query.step ? Number.parseInt(query.step, 10) * 60_000 : null
  if (!point) return { point: query.point, stepMs, rows: [] }
  const everyMs = stepMs ?? point.intervalS * 1_000
  const times: number[] = []
  const outEndMs = city.startMs - 5 * 60_000
  for (let at = Math.ceil(fromMs / everyMs) * everyMs; at <= toMs; at += everyMs) {
    const beforeMs = (((outEndMs - at) % 5_400_000) + 5_400_000) % 5_400_000
    if (at > outEndMs || beforeMs > 150_000) times.push(at)
  }
  if (stepMs === null) {
    return {
      point: point.key,
      stepMs,
      rows: times.map((timeMs) => ({ timeMs, value: city.valueAt(point, timeMs), quality: 0 })),
    }
  }
  return {
    point: point.key,
    stepMs,
    rows: times.map((timeMs) => {
      const avg = city.valueAt(point, timeMs) ?? 0
      const swing = point.normal ? (point.normal[1] - point.normal[0]) * 0.12 : 0
      return { timeMs, avg, min: avg - swing, max: avg + swing, count: 30 }
    }),
  }
}
