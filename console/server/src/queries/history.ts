import { fromSmallint, type History, type PointKey } from '@farwatch/model'
import type { Queryable } from '@farwatch/runtime'

export interface Range {
  readonly point: PointKey
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
}

/** Readings as they came, oldest first, at most `maxRows` of them. */
export async function rawHistory(
  database: Queryable,
  { point, fromMs, toMs }: Range,
  maxRows: number,
): Promise<History['rows'][number][]> {
  const rows = await database.query<{ time: Date; value: number | null; quality: number }>(
    'select time, value, quality from history_raw($1, $2, $3, $4)',
    [point, new Date(fromMs), new Date(toMs), maxRows],
  )
  return rows.map(({ time, value, quality }) => ({
    timeMs: time.getTime(),
    value,
    quality: fromSmallint(quality),
  }))
}

/** Minimum, mean, maximum and count of each step that has readings; a step is named by its start. */
export async function steppedHistory(
  database: Queryable,
  { point, fromMs, toMs }: Range,
  stepMs: number,
): Promise<History['rows'][number][]> {
  const rows = await database.query<{ time: Date; min: number; avg: number; max: number; count: number }>(
    'select time, min, avg, max, count from history_steps($1, $2, $3, $4::interval)',
    [point, new Date(fromMs), new Date(toMs), `${stepMs} milliseconds`],
  )
  return rows.map(({ time, min, avg, max, count }) => ({ timeMs: time.getTime(), min, avg, max, count }))
}
