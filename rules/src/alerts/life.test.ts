import { type AlarmState, type Alert, Alert as AlertSchema, alarmStates } from '@farwatch/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AlertEvent, advance } from './life.ts'
import { type AlertHead, alertId, keptTransitions } from './step.ts'

const head: AlertHead = {
  rule: 'gas-1',
  ruleVersion: 1,
  subject: 'E01/Cellar/LEL01',
  site: 'E01',
  level: 'orange',
  title: { zh: '可燃气体', en: 'Gas' },
  why: { zh: '超限', en: 'above' },
  unit: '%LEL',
  limit: 25,
}
const set = (atMs: number, value = 28): AlertEvent => ({ kind: 'set', atMs, value, head })
const back = (atMs: number, worst = 30): AlertEvent => ({ kind: 'return', atMs, value: 3, worst })
const acknowledge = (atMs: number): AlertEvent => ({ kind: 'acknowledge', atMs, by: 'li', comment: null })

function after(...events: AlertEvent[]): Alert | undefined {
  return events.reduce<Alert | undefined>((alert, event) => advance(alert, event, 1_000), undefined)
}

describe('F4 the table of ISA-18.2', () => {
  test.each<[string, AlertEvent[], AlarmState, string[]]>([
    ['sets', [set(1)], 'unacknowledged', ['raised']],
    ['sets, acknowledged', [set(1), acknowledge(2)], 'acknowledged', ['raised', 'acknowledged']],
    ['sets, returns: latched', [set(1), back(2)], 'returned-unacknowledged', ['raised', 'returned']],
    [
      'acknowledged, returns',
      [set(1), acknowledge(2), back(3)],
      'normal',
      ['raised', 'acknowledged', 'closed'],
    ],
    ['returned, acknowledged', [set(1), back(2), acknowledge(3)], 'normal', ['raised', 'returned', 'closed']],
    [
      'returned, sets again',
      [set(1), back(2), set(3)],
      'unacknowledged',
      ['raised', 'returned', 'raised-again'],
    ],
    ['sets twice', [set(1), set(2)], 'unacknowledged', ['raised']],
    ['acknowledged, sets', [set(1), acknowledge(2), set(3)], 'acknowledged', ['raised', 'acknowledged']],
  ])('%s', (_, events, state, kinds) => {
    const alert = after(...events)!
    expect(alert.state).toBe(state)
    expect(alert.transitions.map(({ kind }) => kind)).toEqual(kinds)
  })

  test('nothing happens to what was never raised', () => {
    expect(after(back(1), acknowledge(2))).toBeUndefined()
  })

  test('a condition that sets after the end begins another alert', () => {
    const first = after(set(1), acknowledge(2), back(3))!
    const second = advance(first, set(9), 10)
    expect(second.id).not.toBe(first.id)
    expect(second.transitions).toHaveLength(1)
  })
})

test('F4 the worst value is kept on the side where the limit was crossed', () => {
  expect(after(set(1, 28), back(2, 41), set(3, 30))?.worst).toBe(41)
  const low = { ...head, limit: -15 }
  const alert = advance(undefined, { kind: 'set', atMs: 1, value: -16, head: low }, 1)!
  expect(advance(alert, back(2, -19), 2).worst).toBe(-19)
})

test('F4 the same cause gives the same id, another version or time another', () => {
  expect(alertId(head, 1)).toMatch(/^[0-9a-f]{32}$/)
  expect(alertId(head, 1)).toBe(alertId({ ...head }, 1))
  expect(new Set([alertId(head, 1), alertId(head, 2), alertId({ ...head, ruleVersion: 2 }, 1)]).size).toBe(3)
})

test('F4 whatever happens to an alert: numbered steps, a valid shape, no step without a change, no life after the end', () => {
  const event = fc.oneof(
    fc.double({ min: -50, max: 50, noNaN: true }).map((value) => (atMs: number) => set(atMs, value)),
    fc.double({ min: -50, max: 50, noNaN: true }).map((worst) => (atMs: number) => back(atMs, worst)),
    fc.constant(acknowledge),
  )
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 300 }), (makers) => {
      let alert: Alert | undefined
      for (const [i, make] of makers.entries()) {
        const before = alert
        const event = make(i)
        alert = advance(alert, event, i)
        if (alert === undefined || alert === before) continue
        const last = alert.transitions.at(-1)!
        const continues = before !== undefined && before.id === alert.id
        expect(last.n).toBe(continues ? before.transitions.at(-1)!.n + 1 : 1)
        expect(last.state).toBe(alert.state)
        if (continues) {
          expect(before.state).not.toBe('normal')
          expect(alert.state).not.toBe(before.state)
        } else expect(event.kind).toBe('set')
        expect(alert.returnedMs === null).toBe(
          alert.state === 'unacknowledged' || alert.state === 'acknowledged',
        )
        expect(alert.transitions.length).toBeLessThanOrEqual(keptTransitions)
        expect(alert.transitions[0]!.kind).toBe('raised')
        expect(alarmStates).toContain(alert.state)
      }
      if (alert !== undefined) expect(() => AlertSchema.parse(alert)).not.toThrow()
    }),
    { numRuns: 200 },
  )
})
