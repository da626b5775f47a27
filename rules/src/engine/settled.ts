import type { PointKey } from '@farwatch/model'
import type { TransitionEntry } from '../alerts/entry.ts'
import type { Rule } from '../language/rule.ts'

/** What the alert journal holds beyond the checkpoint: said already, so it is not said again when records come again. */
export class Settled {
  readonly #outputs = new Map<string, number>()
  readonly #newestMs = new Map<string, number>()

  add({ alert: { rule, subject }, cause, transition }: TransitionEntry): void {
    if (cause === null) return
    this.#outputs.set(`${rule}\n${subject}\n${cause.version}`, cause.output)
    this.#newestMs.set(`${rule}\n${subject}`, transition.atMs)
  }

  /** Number of the last output of this version of the rule; 0 without one. */
  outputs(rule: Rule, subject: PointKey): number {
    return this.#outputs.get(`${rule.id}\n${subject}\n${rule.version}`) ?? 0
  }

  /** Time of the last output, whatever the rule's version; -Infinity without one. */
  newestMs(rule: Rule, subject: PointKey): number {
    return this.#newestMs.get(`${rule.id}\n${subject}`) ?? Number.NEGATIVE_INFINITY
  }
}
