import type { PointKey } from '@farwatch/model'
import type { TransitionEntry } from '../alerts/entry.ts'
import type { Rule } from '../language/rule.ts'

/** What the alert journal holds beyond the checkpoint: said already, so it is not said again when records come again. */
export class Settled {
  readonly #outputs = new Map<string, number>()
  readonly #newestMs = new Map<string, number>()
  readonly #alerts = new Map<string, string>()

  add({ alert: { id, rule, subject }, cause, transition }: TransitionEntry): void {
    if (cause === null) return
    this.#alerts.set(`${rule}\n${subject}\n${cause.version}\n${cause.output}`, id)
    this.#outputs.set(`${rule}\n${subject}\n${cause.version}`, cause.output)
    const key = `${rule}\n${subject}`
    this.#newestMs.set(key, Math.max(this.newestMs({ id: rule }, subject), transition.atMs))
  }

  /** Number of the last output of this version of the rule; 0 without one. */
  outputs(rule: Rule, subject: PointKey): number {
    return this.#outputs.get(`${rule.id}\n${subject}\n${rule.version}`) ?? 0
  }

  /** The alert that an output went to; undefined where it changed none. */
  alertOf(rule: Rule, subject: PointKey, output: number): string | undefined {
    return this.#alerts.get(`${rule.id}\n${subject}\n${rule.version}\n${output}`)
  }

  /** Time of the last output, whatever the rule's version; -Infinity without one. */
  newestMs(rule: Pick<Rule, 'id'>, subject: PointKey): number {
    return this.#newestMs.get(`${rule.id}\n${subject}`) ?? Number.NEGATIVE_INFINITY
  }
}
