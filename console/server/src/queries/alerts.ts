import { Alert, type Level } from '@farwatch/model'
import type { Queryable } from '@farwatch/runtime'

export interface AlertFilter {
  readonly state: 'closed' | 'all'
  readonly levels: readonly Level[]
  readonly site: string | undefined
  /** Only of these; undefined: of any. */
  readonly sites: readonly string[] | undefined
  readonly limit: number
}

/** Recorded alerts, the ones set last first. */
export async function recordedAlerts(database: Queryable, filter: AlertFilter): Promise<Alert[]> {
  const rows = await database.query<{ alert: unknown }>(
    `select alert
       from api_alert
      where level = any($1::text[])
        and ($2::text is null or site = $2)
        and ($5::text[] is null or site = any($5))
        and ($3 = 'all' or state = 'normal')
      order by set_at desc
      limit $4`,
    [filter.levels, filter.site ?? null, filter.state, filter.limit, filter.sites ?? null],
  )
  return rows.map(({ alert }) => Alert.parse(alert))
}
