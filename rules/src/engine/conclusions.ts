import type { AlertBook } from '../alerts/book.ts'
import type { AlertHead } from '../alerts/step.ts'
import type { About, Condition, Output } from '../conditions/condition.ts'
import type { Target } from '../language/match.ts'
import type { Rule } from '../language/rule.ts'
import type { Cell } from './cell.ts'
import { type Change, type Episode, episodesIn } from './episodes.ts'
import type { Host } from './lift.ts'
import type { Settled } from './settled.ts'

/** One condition of one rule on one point. */
export interface Instance {
  readonly rule: Rule
  readonly target: Target
  readonly about: About
  readonly condition: Condition<unknown>
  readonly cell: Cell
  readonly host: Host
}

/**
 * What conditions say, told to the book. Each output and each change has a number within its condition: what the alert
 * journal holds already is not told again when records come again.
 */
export class Conclusions {
  readonly #book: AlertBook
  readonly #settled: Settled
  /** Changes to alerts that were closed too long ago to be changed. */
  unamended = 0

  constructor(book: AlertBook, settled: Settled) {
    this.#book = book
    this.#settled = settled
  }

  /** A reading in order, or a wake-up, has brought an output. */
  say(instance: Instance, output: Output): void {
    const { rule, target, cell } = instance
    const { atMs, value, worst } = output
    const n = ++cell.outputs
    let alert = this.#settled.alertOf(rule, target.key, n)
    if (!this.#isSettled(instance, n)) {
      const head = this.#headOf(instance, output)
      const event =
        output.kind === 'set'
          ? ({ kind: 'set', atMs, value, head } as const)
          : ({ kind: 'return', atMs, value, worst } as const)
      alert = this.#book.onCondition(head, event, { version: rule.version, output: n })?.id
    }
    cell.legs.at(-1)?.said.push({ ...output, told: alert === undefined ? undefined : { alert, atMs } })
  }

  /** Late readings have changed the episodes of a condition, which were `before` and are now in its legs. */
  revise(instance: Instance, before: readonly Episode[], changes: readonly Change[]): void {
    for (const change of changes) {
      const n = ++instance.cell.outputs
      if (change.kind === 'find') {
        const alert = this.#find(instance, change.after, n)
        const { set } = change.after
        if (alert !== undefined) set.told = { alert, atMs: set.atMs }
      } else if (!this.#isSettled(instance, n)) this.#amend(instance, { before, change, n })
    }
  }

  /** Whether an alert tells of this time already. */
  isKnown({ rule, target, cell }: Instance, { set, back }: Episode): boolean {
    const [fromMs, toMs] = [set.atMs, back?.atMs ?? Infinity]
    const overlaps = (other: Episode) => other.set.atMs <= toMs && fromMs <= (other.back?.atMs ?? Infinity)
    const about = { rule: rule.id, subject: target.key }
    return episodesIn(cell.legs).some(overlaps) || this.#book.tellsOf(about, fromMs, toMs)
  }

  #find(instance: Instance, { set, back }: Episode, n: number): string | undefined {
    const { rule, target } = instance
    if (this.#isSettled(instance, n)) return this.#settled.alertOf(rule, target.key, n)
    const head = this.#headOf(instance, set)
    const { atMs, value } = set
    const event =
      back === undefined
        ? ({ kind: 'set', atMs, value, head } as const)
        : ({
            kind: 'find',
            setMs: atMs,
            returnedMs: back.atMs,
            value,
            worst: back.worst ?? value,
            head,
          } as const)
    return this.#book.onCondition(head, event, { version: rule.version, output: n })?.id
  }

  /** What an alert tells follows from its episodes, as far as they are still known; one that has none left never was. */
  #amend(
    { rule, cell }: Instance,
    of: { before: readonly Episode[]; change: Change & { before: Episode }; n: number },
  ): void {
    const { change, n } = of
    const id = change.before.set.told?.alert
    const alert = id === undefined ? undefined : this.#book.alertOf(id)
    if (id === undefined || alert === undefined) {
      this.unamended++
      return
    }
    const mine = (episodes: readonly Episode[]) => episodes.filter(({ set }) => set.told?.alert === id)
    const firstMs = Math.min(...mine(of.before).map(({ set }) => set.atMs))
    const now = mine(episodesIn(cell.legs))
    const hasOlder = alert.setMs < firstMs
    const cause = { version: rule.version, output: n }
    const event =
      now.length === 0 && !hasOlder
        ? ({ kind: 'withdraw', atMs: change.before.set.atMs } as const)
        : ({
            kind: 'amend',
            atMs: changedMs(change),
            setMs: hasOlder ? alert.setMs : now[0]!.set.atMs,
            returnedMs: now.length === 0 ? firstMs : (now.at(-1)!.back?.atMs ?? null),
            worst: change.kind === 'amend' ? (change.after.back?.worst ?? null) : null,
          } as const)
    if (this.#book.amend(id, event, cause) === undefined) this.unamended++
  }

  #isSettled({ rule, target }: Instance, n: number): boolean {
    return n <= this.#settled.outputs(rule, target.key)
  }

  #headOf({ rule, target, about, condition }: Instance, output: Output): AlertHead {
    return {
      rule: rule.id,
      ruleVersion: rule.version,
      subject: target.key,
      site: target.site,
      level: rule.level,
      title: rule.title,
      why: condition.why(output, about),
      unit: condition.limit === null ? '' : about.unit,
      limit: condition.limit,
    }
  }
}

/** Which of an episode's two times has changed. */
function changedMs(change: Change & { before: Episode }): number {
  const { set, back } = change.before
  if (change.kind === 'withdraw') return set.atMs
  const { after } = change
  return after.set.atMs === set.atMs ? (after.back?.atMs ?? back?.atMs ?? set.atMs) : after.set.atMs
}
