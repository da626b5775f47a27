import type { History, PointKey } from '@farwatch/model'
import { session } from '../session/session.ts'

export const ranges = {
  '15m': { lengthMs: 15 * 60_000, step: undefined, refreshMs: 5 * 60_000 },
  '1h': { lengthMs: 3_600_000, step: undefined, refreshMs: 15 * 60_000 },
  '6h': { lengthMs: 6 * 3_600_000, step: '1m', refreshMs: 60_000 },
  '24h': { lengthMs: 24 * 3_600_000, step: '5m', refreshMs: 5 * 60_000 },
} as const
export type Range = keyof typeof ranges
export const rangeNames = Object.keys(ranges) as Range[]

/** `toMs` is server time. @throws Error with the status when the centre does not answer with a history. */
export async function fetchHistory(
  query: { readonly point: PointKey; readonly range: Range; readonly toMs: number },
  signal: AbortSignal,
): Promise<History> {
  const { lengthMs, step } = ranges[query.range]
  const params = new URLSearchParams({
    point: query.point,
    from: new Date(query.toMs - lengthMs).toISOString(),
    to: new Date(query.toMs).toISOString(),
  })
  if (step !== undefined) params.set('step', step)
  const response = await fetch(`/api/readings?${params}`, { signal })
  if (response.status === 401) void session.refresh()
  if (!response.ok) throw new Error(`GET /api/readings answered ${response.status}`)
  return (await response.json()) as History
}
