import { fromSmallint, type History, type PointKey } from '@farwatch/model'
import { DatabaseError, type Queryable } from '@farwatch/runtime'

export interface Range {
  readonly point: PointKey
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
}

type Rows = History['rows'][number][]

/** Readings as they came, oldest first; `too-much` when there are more than `maxRows`. */
export async function rawHistory(
  database: Queryable,
  { point, fromMs, toMs }: Range,
  maxRows: number,
): Promise<Rows | 'too-much'> {
  const rows = await bounded<{ time: Date; value: number | null; quality: number }>(
    database,
    'select time, value, quality from history_raw($1, $2, $3, $4)',
    [point, new Date(fromMs), new Date(toMs), maxRows],
  )
  if (rows === 'too-much') return rows
  return rows.map(({ time, value, quality }) => ({
    timeMs: time.getTime(),
    value,
    quality: fromSmallint(quality),
  }))
}

/**
 * Minimum, mean, maximum and count of the usable readings of each step that has any, named by its start; days begin at
 * midnight of UTC+8. `too-much` when too many readings would have to be looked at.
 */
export async function steppedHistory(
  database: Queryable,
  { point, fromMs, toMs }: Range,
  stepMs: number,
): Promise<Rows | 'too-much'> {
  const rows = await bounded<{ time: Date; min: number; avg: number; max: number; count: number }>(
    database,
    'select time, min, avg, max, count from history_steps($1, $2, $3, $4::interval)',
    [point, new Date(fromMs), new Date(toMs), `${stepMs} milliseconds`],
  )
  if (rows === 'too-much') return rows
  return rows.map(({ time, min, avg, max, count }) => ({ timeMs: time.getTime(), min, avg, max, count }))
}

/** `program_limit_exceeded`: what the history functions raise when an answer would cost too much. */
const limitExceeded = '54000'

async function bounded<Row>(
  database: Queryable,
  sql: string,
  parameters: readonly unknown[],
): Promise<Row[] | 'too-much'> {
  try {
    return await database.query<Row>(sql, parameters)
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === limitExceeded) return 'too-much'
    throw error
  }
}
