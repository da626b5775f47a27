import { fileURLToPath } from 'node:url'
import { FarwatchError, messageOf, type RecordedAct } from '@farwatch/model'
import {
  backoffMs,
  type Clock,
  type Database,
  type Logger,
  migrate,
  type Service,
  startService,
} from '@farwatch/runtime'
import type { ActLogService } from './act-log.ts'

export interface ActIndexDeps {
  readonly acts: ActLogService
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
}

export interface ActIndex {
  /** Why acts cannot be found at the moment, or that the database knows acts which the log has lost; undefined when all is well. */
  readonly problem: string | undefined
}

/** Where the schema of the index stands. */
export const auditSchema = {
  service: 'audit',
  folder: fileURLToPath(new URL('../migrations', import.meta.url)),
}

const batch = 1_000
const lookEveryMs = 200
const retry = { firstMs: 500, mostMs: 30_000 }

/**
 * Copies who, what, where and when of each act into the table `act`, so that old ones are found fast. The database itself
 * says how far it has come; while it is away the index waits, and acts do not.
 */
export function startActIndex({ acts, database, clock, log }: ActIndexDeps): Promise<Service & ActIndex> {
  return startService(log, async (life) => {
    const stopping = new AbortController()
    const { signal } = stopping
    let problem: string | undefined
    const run = async () => {
      let delays = backoffMs(retry.firstMs, retry.mostMs)
      let indexed: number | undefined
      while (!signal.aborted) {
        try {
          indexed ??= await open(database, log)
          problem =
            indexed > acts.end
              ? `the database knows act ${indexed}, but the log of acts ends at ${acts.end}: its end was cut off`
              : undefined
          indexed = await copy(acts, { database, from: indexed, signal })
          delays = backoffMs(retry.firstMs, retry.mostMs)
          await clock.sleep(lookEveryMs, signal)
        } catch (error) {
          if (signal.aborted) return
          const said = `acts cannot be indexed: ${messageOf(error)}`
          if (problem !== said) log.warn({ problem: messageOf(error) }, 'acts are not indexed; tried again')
          problem = said
          if (error instanceof FarwatchError && error.code === 'database-conflict') indexed = undefined
          await clock.sleep(delays.next().value, signal).catch(() => undefined)
        }
      }
    }
    const running = run()
    life.onStop('index of acts', () => {
      stopping.abort()
      return running
    })
    return {
      get problem() {
        return problem
      },
    }
  })
}

/** The greatest act that is indexed. */
async function open(database: Database, log: Logger): Promise<number> {
  await migrate(database, { ...auditSchema, log })
  const [row] = await database.query<{ seq: number | null }>('select max(seq) as seq from act')
  return row?.seq ?? 0
}

async function copy(
  acts: ActLogService,
  { database, from, signal }: { database: Database; from: number; signal: AbortSignal },
): Promise<number> {
  if (from >= acts.end) return from
  let waiting: RecordedAct[] = []
  let indexed = from
  const flush = async () => {
    if (waiting.length === 0) return
    await database.query(insert, [JSON.stringify(waiting.map(rowOf))])
    indexed = waiting.at(-1)!.seq
    waiting = []
  }
  for await (const act of acts.read(from + 1)) {
    signal.throwIfAborted()
    waiting.push(act)
    if (waiting.length >= batch) await flush()
  }
  await flush()
  return indexed
}

function rowOf({ seq, atMs, action, actor, object, jurisdiction, outcome, reason }: RecordedAct) {
  const { account, name, via, from: address } = actor
  const row = { seq, atMs, action, account, name, via, address, jurisdiction, outcome, reason }
  // PostgreSQL keeps no NUL in a text.
  const kept = (value: unknown) => (typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value)
  const all = { ...row, object_kind: object?.kind ?? null, object_id: object?.id ?? null }
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, kept(value)]))
}

const insert = `
insert into act (seq, at, action, account, name, via, address, object_kind, object_id, jurisdiction, outcome, reason)
select seq, to_timestamp("atMs" / 1000.0), action, account, name, via, address, object_kind, object_id, jurisdiction, outcome, reason
from jsonb_to_recordset($1::jsonb) as t(
  seq bigint, "atMs" float8, action text, account text, name text, via text, address text, object_kind text, object_id text,
  jurisdiction text, outcome text, reason text)
on conflict (seq) do nothing`
