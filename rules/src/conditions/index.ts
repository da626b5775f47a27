import type { When } from '../language/rule.ts'
import type { About, Condition } from './condition.ts'
import { silence } from './silence.ts'
import { threshold } from './threshold.ts'

/**
 * The condition that a rule's `when` describes, for one point. Each kind keeps its own type of state; whoever runs it
 * carries that state without looking inside.
 */
export function conditionOf(when: When, about: About): Condition<unknown> {
  switch (when.type) {
    case 'threshold':
      return threshold(when, about) as Condition<unknown>
    case 'silence':
      return silence(when, about) as Condition<unknown>
  }
}
