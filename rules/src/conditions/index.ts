import type { When } from '../language/rule.ts'
import type { Condition } from './condition.ts'
import { silence } from './silence.ts'
import { threshold } from './threshold.ts'

/**
 * The condition that a rule's `when` describes, for points of which a value is expected every `intervalS`. Each kind keeps
 * its own type of state; whoever runs it carries that state without looking inside.
 */
export function conditionOf(when: When, intervalS: number): Condition<unknown> {
  switch (when.type) {
    case 'threshold':
      return threshold(when) as Condition<unknown>
    case 'silence':
      return silence(when, intervalS) as Condition<unknown>
  }
}
