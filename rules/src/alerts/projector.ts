import { FarwatchError, messageOf } from '@farwatch/model'
import type { Clock, Database, Journal, Logger } from '@farwatch/runtime'
import type { TransitionEntry } from './entry.ts'
import { followAlerts } from './follow.ts'

/** How often what has been committed is made certain, so that the journal may let go of it. */
const syncEveryMs = 30_000

export interface ProjectorOptions {
  readonly journal: Journal
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  /** Brings the tables up to date; tried again until it succeeds. */
  readonly migrate: () => Promise<void>
  readonly onRefused: (transitions: number) => void
}

/**
 * Copies the alert journal into the tables `alert` and `alert_transition`. Doing it twice changes nothing, so it begins
 * again wherever the cursor is; while the database is away it waits, and alerts do not.
 */
export async function runProjector(options: ProjectorOptions): Promise<void> {
  const { journal, database, clock, log, migrate, onRefused } = options
  const cursor = await journal.cursor('rules.database')
  let committed = cursor.position
  let syncing: Promise<void> = Promise.resolve()
  const sync = () => {
    const position = committed
    if (position === cursor.position) return
    syncing = syncing
      .then(() => database.sync())
      .then(() => cursor.advance(Math.max(position, cursor.position)))
      .catch((error) =>
        log.warn(
          { problem: messageOf(error) },
          'alerts in the database not yet certain; kept in the journal',
        ),
      )
  }
  const cancel = clock.every(syncEveryMs, sync)
  let migrated = false
  try {
    await followAlerts(
      cursor.position,
      { ...options, name: 'alert tables' },
      async (transitions, position) => {
        if (!migrated) await migrate()
        migrated = true
        try {
          await store(database, transitions)
        } catch (error) {
          if (!(error instanceof FarwatchError) || error.code !== 'database-refused') throw error
          onRefused(transitions.length)
          log.error(
            { position, problem: messageOf(error) },
            'the database refuses alerts; passed over, they stay in the journal',
          )
        }
        committed = position + 1
      },
    )
  } finally {
    // What is not certain yet is done again at the next start.
    cancel()
    await syncing
  }
}

/** One transaction for all of them; the newest state of each alert wins. */
async function store(database: Database, entries: readonly TransitionEntry[]): Promise<void> {
  if (entries.length === 0) return
  // Of each alert its last state here, in the order in which those came about: one closes before the next is raised.
  const alerts = new Map<string, unknown>()
  for (const [nr, { alert, transition }] of entries.entries()) {
    alerts.set(alert.id, { ...alert, last_n: transition.n, nr })
  }
  const transitions = entries.map(({ alert, transition }) => ({ ...transition, alert: alert.id }))
  await database.transaction(async (transaction) => {
    await transaction.query(upsertAlerts, [JSON.stringify([...alerts.values()])])
    await transaction.query(insertTransitions, [JSON.stringify(transitions)])
  })
}

const upsertAlerts = `
insert into alert (id, rule, rule_version, subject, site, level, state, late, title, why, unit, limit_value, value, worst,
                   set_at, returned_at, last_n)
select id, rule, "ruleVersion", subject, site, level, state, late, title, why, unit, "limit", value, worst,
       to_timestamp("setMs" / 1000.0), to_timestamp("returnedMs" / 1000.0), last_n
from jsonb_to_recordset($1::jsonb) as t(
  id text, rule text, "ruleVersion" integer, subject text, site text, level text, state text, late boolean, title jsonb, why jsonb,
  unit text, "limit" float8, value float8, worst float8, "setMs" float8, "returnedMs" float8, last_n integer, nr integer)
order by nr
on conflict (id) do update set
  state = excluded.state, late = excluded.late, why = excluded.why, worst = excluded.worst, set_at = excluded.set_at,
  returned_at = excluded.returned_at, last_n = excluded.last_n
where alert.last_n < excluded.last_n`

const insertTransitions = `
insert into alert_transition (alert, n, kind, state, at, recorded_at, by, comment, value)
select alert, n, kind, state, to_timestamp("atMs" / 1000.0), to_timestamp("recordedMs" / 1000.0), by, comment, value
from jsonb_to_recordset($1::jsonb) as t(
  alert text, n integer, kind text, state text, "atMs" float8, "recordedMs" float8, by text, comment text, value float8)
on conflict (alert, n) do nothing`
