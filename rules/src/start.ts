import { fileURLToPath } from 'node:url'
import { type AlertDesk, decodeRecord, FarwatchError, type Registry } from '@farwatch/model'
import {
  type Clock,
  type Database,
  type Journal,
  type JournalEntry,
  type Logger,
  type Registry as MetricsRegistry,
  migrate,
  type Service,
  startService,
  type WebhookConfig,
} from '@farwatch/runtime'
import { AlertBook } from './alerts/book.ts'
import { runProjector } from './alerts/projector.ts'
import { Engine } from './engine/engine.ts'
import { rebuild, writeCheckpoint } from './engine/recovery.ts'
import type { Rule } from './language/rule.ts'
import { registerMetrics } from './metrics.ts'
import { cursorName, forgetOtherWebhooks, runOutbox } from './notify/outbox.ts'
import { webhook } from './notify/webhook.ts'

export interface RulesConfig {
  readonly rules: readonly Rule[]
  readonly webhooks: readonly WebhookConfig[]
  /** How much work a restart does again at most. Default 10 s. */
  readonly checkpointEveryMs?: number
}

export interface RulesDeps {
  readonly clock: Clock
  /** The true time as far as this machine knows it, by which receivers of webhooks judge a call; default: `clock`. */
  readonly wallClock?: Clock
  readonly log: Logger
  readonly metrics: MetricsRegistry
  readonly database: Database
  /** The centre's journal; only read. */
  readonly journal: Journal
  /** The rules' own journal; nobody else appends to it. */
  readonly alertJournal: Journal
  readonly registry: Registry
  /** Keeps `rules/checkpoint`. */
  readonly home: string
}

const tickEveryMs = 250
const defaultCheckpointMs = 10_000
const retryMs = 1_000
/** Records taken in one turn of the event loop: bounds how long ticks and acknowledgements wait. */
const batch = { records: 256, bytes: 2_000_000 }

/** Where the schema of rules stands. */
export const rulesSchema = {
  service: 'rules',
  folder: fileURLToPath(new URL('../migrations', import.meta.url)),
}

/** Brings the tables `alert` and `alert_transition` and the view `api_alert` up to date. `start` does it too, once it can. */
export async function migrateRules(database: Database, log: Logger): Promise<void> {
  await migrate(database, { ...rulesSchema, log })
}

/**
 * Watches the centre's journal and raises alerts. Start it before intake takes messages, so that it knows from which record
 * on the centre can hear again. Resolves once all alerts are rebuilt; what is in the journal since the last checkpoint is
 * processed after that. Neither the database nor a webhook has to be reachable.
 */
export function start(config: RulesConfig, deps: RulesDeps): Promise<Service & AlertDesk> {
  const { clock, log, journal, alertJournal, database, home } = deps
  return startService(log, async (life) => {
    const stopping = new AbortController()
    const { signal } = stopping
    const book: AlertBook = new AlertBook({
      journal: alertJournal,
      clock,
      log,
      before: () => engine.position,
    })
    const engine = new Engine({ rules: config.rules, registry: deps.registry, book, log })
    const metrics = registerMetrics(deps.metrics, {
      engine,
      book,
      behind: () => journal.next - engine.position,
      now: () => clock.now(),
    })
    life.onStop('alert book', () => book.close())
    await forgetOtherWebhooks(
      alertJournal,
      config.webhooks.map(({ url }) => url),
    )
    const place = await rebuild({ engine, book, journal, alertJournal, home, log })
    const resumedMs = clock.now()
    book.note('resume', resumedMs, { before: Math.max(journal.next, engine.position) })
    engine.resumeAt(Math.max(journal.next, engine.position), resumedMs)
    await book.flushed()
    book.show()

    const save = async () => {
      const done = await writeCheckpoint({ engine, book, place, home, log })
      if (done !== 'unchanged') metrics.checkpoints.inc({ result: done })
    }
    life.onStop('last checkpoint', async () => {
      await book.flushed()
      await save()
    })
    const work = Promise.all([
      evaluate(),
      runProjector({
        journal: alertJournal,
        database,
        clock,
        log,
        signal,
        migrate: () => migrateRules(database, log),
        onRefused: (transitions) => metrics.refused.inc(transitions),
      }),
      ...config.webhooks.map((one) =>
        runOutbox(webhook(one, deps.wallClock ?? clock), cursorName(one.url), {
          journal: alertJournal,
          clock,
          log,
          signal,
          random: Math.random,
          onResult: (name, result) => metrics.webhooks.inc({ webhook: name, result }),
        }),
      ),
    ])
    work.catch((error) => log.fatal({ err: error }, 'the rules have stopped'))
    life.onStop('evaluation, alert tables, webhooks', async () => {
      stopping.abort(new Error('stopping'))
      await work
    })
    let saving: Promise<void> = Promise.resolve()
    life.onStop('periodic checkpoint', () => saving)
    life.onStop(
      'checkpoint timer',
      clock.every(config.checkpointEveryMs ?? defaultCheckpointMs, () => {
        saving = saving.then(save)
      }),
    )
    life.onStop('ticks', clock.every(tickEveryMs, tick))

    /** Only with nothing left to read: what has come in decides before the clock does. */
    function tick(): void {
      if (engine.position < journal.next || book.problem !== undefined) return
      engine.catchUp(engine.position)
      engine.tick(clock.now())
    }

    async function evaluate(): Promise<void> {
      while (!signal.aborted) {
        try {
          for await (const records of journal.follow(engine.position, signal, batch)) {
            for (const record of records) take(record)
            await book.flushed()
          }
          return
        } catch (error) {
          if (signal.aborted) return
          log.error({ err: error, position: engine.position }, 'the journal cannot be read; trying again')
          await clock.sleep(retryMs, signal).catch(() => undefined)
        }
      }
    }

    function take({ position, payload }: JournalEntry): void {
      if (position > engine.position) {
        log.error(
          { from: engine.position, to: position },
          'records are missing from the journal: readings were not evaluated',
        )
      }
      let record: ReturnType<typeof decodeRecord>
      try {
        if (payload === undefined) throw new FarwatchError('journal-damaged', 'it is damaged on disk')
        record = decodeRecord(payload)
      } catch (error) {
        engine.skip(position, error)
        return
      }
      engine.take(position, record)
    }

    return {
      current: () => book.current(),
      subscribe: (listener: Parameters<AlertDesk['subscribe']>[0]) => book.subscribe(listener),
      acknowledge: (id: string, act: Parameters<AlertDesk['acknowledge']>[1]) => book.acknowledge(id, act),
    }
  })
}
