import type { Alert } from '@farwatch/model'
import type { Logger } from '@farwatch/runtime'
import type { AlertBook } from '../alerts/book.ts'
import type { Rule } from '../language/rule.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Instance } from './conclusions.ts'

/** Says which rules watch nothing, and which start fresh because they are of another version. */
export function warnOfRules(
  rules: readonly Rule[],
  of: { used: readonly Instance[]; checkpoint: Checkpoint | undefined; log: Logger },
): void {
  const { checkpoint, log } = of
  const used = new Set(of.used.map(({ rule }) => rule.id))
  for (const rule of rules) {
    if (!used.has(rule.id) && !rule.for.unregistered) {
      log.warn({ rule: rule.id, for: rule.for }, 'the rule matches no point of the registry')
    }
    const kept = checkpoint?.rules[rule.id]
    if (kept !== undefined && kept.version !== rule.version) {
      log.info(
        { rule: rule.id, from: kept.version, to: rule.version },
        'another version of the rule: it starts fresh',
      )
    }
  }
}

/** Alerts whose rule or point is gone: nothing will ever say that their condition has returned. */
export function returnUnwatched(
  open: readonly Alert[],
  of: {
    used: readonly Instance[]
    willWatch: (alert: Alert) => boolean
    nowMs: number
    book: AlertBook
    log: Logger
  },
): void {
  const { used, willWatch, nowMs, book, log } = of
  const watched = new Set(used.map(({ rule, target }) => `${rule.id}\n${target.key}`))
  for (const alert of open) {
    if (alert.returnedMs !== null || watched.has(`${alert.rule}\n${alert.subject}`) || willWatch(alert))
      continue
    log.warn(
      { alert: alert.id, rule: alert.rule, subject: alert.subject },
      'the rule no longer applies: alert returned',
    )
    const comment = '规则已停用或不再适用 / the rule no longer applies'
    const atMs = Math.max(nowMs, alert.setMs)
    book.onCondition(alert, { kind: 'return', atMs, value: null, worst: null, comment }, null)
  }
}
