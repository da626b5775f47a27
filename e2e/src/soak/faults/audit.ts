import type { Database } from '@farwatch/runtime'
import type { Ledger } from './ledger.ts'
import { devicesOf, metricsOf, type PlantPlan, valueIn, type Way } from './plant.ts'

/** A reading that is not as it should be. */
export interface Finding {
  readonly kind: 'missing' | 'double' | 'altered' | 'foreign'
  readonly point: string
  /** Source time, Unix ms. */
  readonly timeMs: number
  readonly value: number
  /** Journal positions of the records that brought it. */
  readonly records: readonly number[]
  readonly detail: string
}

/** What became of the readings of one way in. */
export interface WayCount {
  readonly way: Way
  readonly sent: number
  readonly acknowledged: number
  /** Acknowledged readings that stand in the database exactly once, as sent. */
  readonly once: number
  /** Readings sent, never acknowledged, and stored all the same; once is allowed. */
  readonly storedUnacknowledged: number
  readonly findings: readonly Finding[]
}

interface Row {
  readonly time: number
  readonly value: number | null
  readonly quality: number
  readonly record: number
}

/** Compares every reading of the database with the devices' own ledger. */
export async function auditReadings(
  database: Database,
  { plan, ledger }: { plan: PlantPlan; ledger: Ledger },
): Promise<WayCount[]> {
  const counts: WayCount[] = []
  for (const way of plan.ways) {
    const count = { sent: 0, acknowledged: 0, once: 0, storedUnacknowledged: 0 }
    const findings: Finding[] = []
    for (const device of devicesOf(plan, way)) {
      const timesMs = ledger.timesMs(device)
      for (const metric of metricsOf(plan, device)) {
        const point = `${way.site}/${device}/${metric}`
        const stored = new Map<number, Row[]>()
        for (const row of await rowsOf(database, point)) {
          const n = Math.abs(row.value ?? 0)
          const expected = valueIn(plan, { device, metric, n })
          const known = timesMs[n - 1]
          if (row.time !== known || row.value !== expected || row.quality !== 0) {
            const kind = known === undefined ? 'foreign' : 'altered'
            const detail = `stored ${show(row.time, row.value)} with quality ${row.quality}, sent ${show(known, expected)}`
            findings.push({
              ...{ kind, point, detail, records: [row.record] },
              ...{ timeMs: known ?? row.time, value: row.value ?? Number.NaN },
            })
          } else if (stored.get(n)?.push(row) === undefined) stored.set(n, [row])
        }
        for (const [i, timeMs] of timesMs.entries()) {
          const n = i + 1
          const rows = stored.get(n) ?? []
          const acknowledged = ledger.isAcknowledged(device, n)
          count.sent++
          if (acknowledged) count.acknowledged++
          if (acknowledged && rows.length === 1) count.once++
          if (!acknowledged && rows.length > 0) count.storedUnacknowledged++
          const records = rows.map(({ record }) => record)
          const value = valueIn(plan, { device, metric, n })
          if (rows.length > 1) {
            const detail = `stored ${rows.length} times`
            findings.push({ kind: 'double', point, timeMs, value, records, detail })
          } else if (rows.length === 0 && acknowledged) {
            findings.push({
              kind: 'missing',
              point,
              timeMs,
              value,
              records,
              detail: 'acknowledged, not stored',
            })
          }
        }
      }
    }
    counts.push({ way, ...count, findings })
  }
  return counts
}

function show(timeMs: number | undefined, value: number | null): string {
  return `${value} at ${timeMs === undefined ? 'no time' : new Date(timeMs).toISOString()}`
}

function rowsOf(database: Database, point: string): Promise<Row[]> {
  return database.query<{ time: number; value: number | null; quality: number; record: number }>(
    `select (extract(epoch from time) * 1000)::float8 as time, value, quality::int as quality, batch::float8 as record
     from reading where point_id = (select id from point where key = $1)`,
    [point],
  )
}

export interface ChainCount {
  readonly chains: number
  readonly batches: number
  /** Places where the ledger does not go on from the batch before, or does not count what it holds. */
  readonly breaks: readonly string[]
}

/** Whether every chain of the ledger begins at 1, has no hole and no other batch in between, and counts its readings. */
export async function auditChains(database: Database): Promise<ChainCount> {
  const rows = await database.query<{
    gateway: string
    chain: string
    seq: number
    linked: boolean
    readings: number
    stored: number
  }>(
    `select gateway, chain, seq::float8 as seq, readings,
            coalesce(stored, 0)::int as stored,
            case when seq = 1 then true
                 else coalesce(lag(seq) over chain = seq - 1 and lag(hash) over chain = prev, false) end as linked
     from batch left join (select batch as position, count(*) as stored from reading group by 1) r using (position)
     window chain as (partition by gateway, chain order by seq)
     order by gateway, chain, seq`,
  )
  const breaks = rows.flatMap(({ gateway, chain, seq, linked, readings, stored }) => {
    const place = `${gateway} chain ${chain} sequence ${seq}`
    if (!linked) return [`${place} does not follow the batch before it`]
    return readings === stored ? [] : [`${place} says ${readings} readings, ${stored} are stored`]
  })
  const chains = new Set(rows.map(({ gateway, chain }) => `${gateway} ${chain}`))
  return { chains: chains.size, batches: rows.length, breaks }
}

/** What stands in quarantine, by reason. */
export function auditQuarantine(database: Database): Promise<{ reason: string; count: number }[]> {
  return database.query(
    `select split_part(reason, ':', 1) as reason, count(*)::int as count from quarantine group by 1 order by 2 desc`,
  )
}
