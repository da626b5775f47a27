import { packSeries, type Series } from '@farwatch/model'
import type { Database } from '@farwatch/runtime'
import { encodeReadings, readingColumns } from './binary-copy.ts'

export interface CopyLimit {
  readonly rowsPerSecond: number
  /** Counted by SQL afterwards. */
  readonly rows: number
}

const points = 1_000
const stepMs = 100

/**
 * How fast this database takes plain binary COPY into a table like `reading` (hypertable, same index), encoded
 * beforehand, 10,000 rows a transaction: the ceiling that the writer is measured against. Makes and drops `copy_limit`.
 */
export async function measureCopyLimit(
  database: Database,
  { rows = 500_000, rowsPerCopy = 10_000 }: { rows?: number; rowsPerCopy?: number } = {},
): Promise<CopyLimit> {
  await database.transaction((transaction) =>
    transaction.script(`drop table if exists copy_limit;
      create table copy_limit (like reading including defaults);
      select create_hypertable('copy_limit', by_range('time', interval '1 day'), create_default_indexes => false);
      create index on copy_limit (point_id, time desc)`),
  )
  try {
    const streams = Array.from({ length: Math.ceil(rows / rowsPerCopy) }, (_, i) => stream(i, rowsPerCopy))
    const started = performance.now()
    for (const data of streams) {
      await database.transaction((transaction) => transaction.copyIn('copy_limit', readingColumns, data))
    }
    const seconds = (performance.now() - started) / 1_000
    const [row] = await database.query<{ count: number }>('select count(*) from copy_limit')
    return { rowsPerSecond: row!.count / seconds, rows: row!.count }
  } finally {
    await database.query('drop table copy_limit')
  }
}

/** The `index`-th stretch of readings of 1,000 points, ten a second each. */
function stream(index: number, rows: number): Uint8Array {
  const perPoint = Math.ceil(rows / points)
  const firstMs = Date.UTC(2026, 0, 1) + index * perPoint * stepMs
  return encodeReadings([
    {
      position: index + 1,
      readings: packSeries(Array.from({ length: points }, (_, point) => one(point))),
      pointIds: Int32Array.from({ length: points }, (_, point) => point + 1),
    },
  ])

  function one(point: number): Series {
    return {
      point: `COPY/limit/${point}`,
      timeSource: 'device',
      timesMs: Float64Array.from({ length: perPoint }, (_, i) => firstMs + i * stepMs),
      values: Float64Array.from({ length: perPoint }, () => 20 + Math.random()),
      qualities: new Uint16Array(perPoint),
    }
  }
}
