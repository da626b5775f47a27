import { type Alert, Alert as AlertSchema } from '@farwatch/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AlertEvent, advance } from './life.ts'
import type { AlertHead } from './step.ts'

const head: AlertHead = {
  rule: 'gas-1',
  ruleVersion: 1,
  subject: 'E01/Cellar/LEL01',
  site: 'E01',
  level: 'red',
  title: { zh: '可燃气体', en: 'Gas' },
  why: { zh: '超限', en: 'above' },
  unit: '%LEL',
  limit: 25,
}
const set = (atMs: number): AlertEvent => ({ kind: 'set', atMs, value: 28, head })
const back = (atMs: number): AlertEvent => ({ kind: 'return', atMs, value: 3, worst: 30 })
const find = (setMs: number, returnedMs: number): AlertEvent => ({
  ...{ kind: 'find', setMs, returnedMs, head },
  ...{ value: 40, worst: 45 },
})
const amend = (setMs: number, returnedMs: number | null): AlertEvent => ({
  ...{ kind: 'amend', atMs: setMs, setMs, returnedMs },
  worst: null,
})
const withdraw: AlertEvent = { kind: 'withdraw', atMs: 1 }
const acknowledge: AlertEvent = { kind: 'acknowledge', atMs: 1, by: 'li', comment: null }

const nowMs = 5_000
const after = (...events: AlertEvent[]) =>
  events.reduce<Alert | undefined>((alert, event) => advance(alert, event, nowMs), undefined)!

describe('R3 what late readings do to an alert', () => {
  test('a crossing that was over is found in one step: late, with both clocks, and at no time as if it were now', () => {
    const alert = after(find(100, 200))
    expect(alert).toMatchObject({ late: true, state: 'returned-unacknowledged', setMs: 100, returnedMs: 200 })
    expect(alert).toMatchObject({ value: 40, worst: 45 })
    expect(alert.transitions).toMatchObject([
      { n: 1, kind: 'raised', state: 'returned-unacknowledged', atMs: 100, recordedMs: nowMs, value: 40 },
    ])
  })

  test.each<[string, AlertEvent[], Partial<Alert>, string]>([
    [
      'joins an open one and leaves its state',
      [set(300), find(100, 200)],
      { state: 'unacknowledged', setMs: 100, returnedMs: null, late: false, worst: 45 },
      'raised-late',
    ],
    [
      'another joins the first',
      [find(100, 200), find(300, 400)],
      { state: 'returned-unacknowledged', setMs: 100, returnedMs: 400, late: true },
      'raised-late',
    ],
    [
      'what sets now makes a late finding an alarm of now',
      [find(100, 200), set(300)],
      { state: 'unacknowledged', setMs: 100, returnedMs: null, late: false },
      'raised-again',
    ],
    [
      'it had set earlier',
      [set(300), amend(100, null)],
      { state: 'unacknowledged', setMs: 100, returnedMs: null },
      'amended',
    ],
    [
      'it had returned',
      [set(300), amend(300, 350)],
      { state: 'returned-unacknowledged', returnedMs: 350 },
      'amended',
    ],
    [
      'it had returned, and was in hand: over',
      [set(300), acknowledge, amend(300, 350)],
      { state: 'normal', returnedMs: 350 },
      'amended',
    ],
    [
      'it had not returned',
      [set(300), back(400), amend(300, null)],
      { state: 'unacknowledged', returnedMs: null },
      'amended',
    ],
    ['it never was', [set(300), withdraw], { state: 'normal', returnedMs: 300 }, 'withdrawn'],
    [
      'it was after all',
      [set(300), withdraw, set(300)],
      { state: 'unacknowledged', returnedMs: null, setMs: 300 },
      'raised-again',
    ],
  ])('%s', (_, events, expected, kind) => {
    const alert = after(...events)
    expect(alert).toMatchObject(expected)
    expect(alert.transitions.at(-1)).toMatchObject({ kind, recordedMs: nowMs })
  })

  test('an amendment that changes nothing is none', () => {
    const alert = after(set(300), back(400))
    expect(advance(alert, amend(300, 400), nowMs)).toBe(alert)
  })
})

test('R3 whatever comes late, and whoever acts meanwhile: numbered steps, a valid shape, active exactly while it has not returned', () => {
  const time = fc.integer({ min: 1, max: 1_000 })
  const event = fc.oneof(
    time.map(set),
    time.map(back),
    fc.tuple(time, time).map(([a, b]) => find(Math.min(a, b), Math.max(a, b))),
    fc.tuple(time, fc.option(time)).map(([setMs, ms]) => amend(setMs, ms === null ? null : setMs + ms)),
    fc.constant(withdraw),
    fc.constant(acknowledge),
  )
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), (events) => {
      let alert: Alert | undefined
      for (const event of events) {
        const before = alert
        alert = advance(alert, event, nowMs)
        if (alert === undefined || alert === before) continue
        const last = alert.transitions.at(-1)!
        expect(last.n).toBe(before?.id === alert.id ? before.transitions.at(-1)!.n + 1 : 1)
        expect(last.state).toBe(alert.state)
        expect(alert.returnedMs === null).toBe(['unacknowledged', 'acknowledged'].includes(alert.state))
        // What is late does not call.
        if (alert.late) expect(alert.returnedMs).not.toBeNull()
      }
      if (alert !== undefined) expect(() => AlertSchema.parse(alert)).not.toThrow()
    }),
  )
})
