import { levels } from '@farwatch/model'
import { Counter, Gauge, type Registry } from '@farwatch/runtime'
import type { AlertBook } from './alerts/book.ts'
import type { Engine } from './engine/engine.ts'

export interface RulesMetrics {
  readonly webhooks: Counter<'webhook' | 'result'>
  readonly refused: Counter
  readonly checkpoints: Counter<'result'>
}

/** What the rules tell Prometheus. Counts of the hot path are plain numbers, read when somebody asks. */
export function registerMetrics(
  registry: Registry,
  watched: { engine: Engine; book: AlertBook; behind: () => number; now: () => number },
): RulesMetrics {
  const { engine, book } = watched
  const registers = [registry]
  const count = (name: string, help: string, read: () => number) => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }
  const gauge = (name: string, help: string, read: () => number) => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  const { counts } = engine
  count('farwatch_rules_evaluations_total', 'Readings delivered to a condition', () => counts.evaluations)
  count('farwatch_rules_late_readings_total', 'Readings older than one already evaluated', () => counts.late)
  count(
    'farwatch_rules_late_alone_total',
    'Late readings judged by themselves, because those about them were no longer known',
    () => engine.beyondKnowledge.readings,
  )
  count(
    'farwatch_rules_late_unamended_total',
    'Changes by late readings to alerts that were over for too long',
    () => engine.beyondKnowledge.alerts,
  )
  count(
    'farwatch_rules_skewed_readings_total',
    'Readings stamped over 60 s after their receipt',
    () => counts.skewed,
  )
  count('farwatch_rules_unwatched_total', 'Series of points that no rule may watch', () => counts.unwatched)
  count('farwatch_rules_bad_records_total', 'Journal records passed over', () => counts.badRecords)
  count(
    'farwatch_rules_failed_conditions_total',
    'Conditions that failed and are off',
    () => counts.failedConditions,
  )
  gauge('farwatch_rules_conditions', 'Conditions, one for each rule and point', () => engine.instances)
  gauge('farwatch_rules_behind_records', 'Journal records not processed yet', watched.behind)
  gauge(
    'farwatch_rules_event_lag_seconds',
    'Effective time of the newest reading processed, behind the clock',
    () => (engine.newestMs > 0 ? Math.max(0, (watched.now() - engine.newestMs) / 1000) : 0),
  )
  gauge('farwatch_rules_alert_journal_refuses', '1 while alerts cannot be journalled', () =>
    book.problem === undefined ? 0 : 1,
  )
  new Gauge({
    name: 'farwatch_rules_alerts_open',
    help: 'Open alerts',
    labelNames: ['level'],
    registers,
    collect() {
      for (const level of levels) this.set({ level }, 0)
      for (const { level } of book.open()) this.inc({ level })
    },
  })
  return {
    webhooks: new Counter({
      name: 'farwatch_rules_webhooks_total',
      help: 'Results of webhook notifications; "failed" counts attempts',
      labelNames: ['webhook', 'result'],
      registers,
    }),
    refused: new Counter({
      name: 'farwatch_rules_transitions_refused_total',
      help: 'Alert transitions that the database refused',
      registers,
    }),
    checkpoints: new Counter({
      name: 'farwatch_rules_checkpoints_total',
      help: 'Checkpoints written, by result',
      labelNames: ['result'],
      registers,
    }),
  }
}
