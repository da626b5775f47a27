import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Timer, Timers } from './timers.ts'

test('F4 timers ring when a sorted list of wishes says so, whatever was moved, given up or wished again', () => {
  const action = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), timer: fc.nat(9), due: fc.nat(100) }),
    fc.record({ kind: fc.constant('give-up' as const), timer: fc.nat(9) }),
    fc.record({ kind: fc.constant('go-on' as const), by: fc.nat(20) }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const rung: string[] = []
      const expected: string[] = []
      const timers = new Timers()
      const wishes = new Map<number, number>()
      let now = 0
      const all = Array.from(
        { length: 10 },
        (_, order): Timer => ({
          dueMs: Infinity,
          queuedMs: Infinity,
          order,
          fire: (nowMs) => {
            rung.push(`${order}@${nowMs}`)
            return true
          },
        }),
      )
      for (const action of actions) {
        if (action.kind === 'set') {
          timers.set(all[action.timer]!, now + action.due)
          wishes.set(action.timer, now + action.due)
        } else if (action.kind === 'give-up') {
          timers.set(all[action.timer]!, Infinity)
          wishes.delete(action.timer)
        } else {
          now += action.by
          const due = [...wishes].filter(([, at]) => at <= now).sort(([a, x], [b, y]) => x - y || a - b)
          for (const [timer] of due) {
            wishes.delete(timer)
            expected.push(`${timer}@${now}`)
          }
          expect(timers.fireUntil(now)).toBe(due.length > 0)
        }
      }
      expect(rung).toEqual(expected)
      expect(timers.size).toBeLessThanOrEqual(actions.length)
    }),
    { numRuns: 500 },
  )
})

test('F4 a timer that every reading pushes on is in the heap once', () => {
  const timers = new Timers()
  const timer: Timer = { dueMs: Infinity, queuedMs: Infinity, order: 0, fire: () => true }
  for (let now = 0; now < 1_000; now++) {
    timers.set(timer, now + 30)
    expect(timers.fireUntil(now)).toBe(false)
  }
  expect(timers.size).toBe(1)
  expect(timers.fireUntil(1_029)).toBe(true)
})
