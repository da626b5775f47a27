import { fromSmallint, type LastValue, type PointKey } from '@farwatch/model'
import type { Queryable } from '@farwatch/runtime'

interface PointRow {
  readonly key: PointKey
  readonly last_time: Date
  readonly last_received: Date | null
  readonly last_value: number | null
  readonly last_quality: number
}

/** The newest committed value of every point that has one. */
export async function loadLastValues(database: Queryable): Promise<[PointKey, LastValue][]> {
  const rows = await database.query<PointRow>(
    `select key, last_time, last_received, last_value, last_quality
       from api_point
      where last_time is not null`,
  )
  return rows.map((row) => [
    row.key,
    {
      timeMs: row.last_time.getTime(),
      receivedMs: (row.last_received ?? row.last_time).getTime(),
      value: row.last_value,
      quality: fromSmallint(row.last_quality),
    },
  ])
}
