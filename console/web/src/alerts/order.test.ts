import type { Alert } from '@farwatch/model'
import { describe, expect, test } from 'vitest'
import { acknowledgement, endedMs, lateness, orderAlerts } from './order.ts'

const alert = (id: string, over: Partial<Alert>): Alert => ({
  id,
  rule: 'r',
  ruleVersion: 1,
  subject: 's',
  site: 'A',
  level: 'yellow',
  state: 'unacknowledged',
  late: false,
  title: { zh: '甲', en: 'a' },
  why: { zh: '甲', en: 'a' },
  unit: '',
  limit: null,
  value: null,
  worst: null,
  setMs: 0,
  returnedMs: null,
  transitions: [],
  ...over,
})

const step = (kind: Alert['transitions'][number]['kind'], by: string | null, atMs = 0) => ({
  n: 1,
  kind,
  state: 'acknowledged' as const,
  atMs,
  recordedMs: atMs,
  by,
  comment: null,
  value: null,
})

describe('F5 the order of alerts', () => {
  test('F5 what waits comes first, then the worst, then the newest; returned ones still wait', () => {
    const { open } = orderAlerts(
      [
        alert('red-acknowledged', { level: 'red', state: 'acknowledged' }),
        alert('old', { setMs: 1 }),
        alert('new', { setMs: 2 }),
        alert('orange-returned', { level: 'orange', state: 'returned-unacknowledged' }),
      ],
      10,
    )
    expect(open.map(({ id }) => id)).toEqual(['orange-returned', 'new', 'old', 'red-acknowledged'])
  })

  test('F5 a closed alert is in sight for an hour', () => {
    const closed = alert('x', { state: 'normal', transitions: [step('closed', null, 1_000)] })
    expect(orderAlerts([closed], 2_000).closed).toHaveLength(1)
    expect(orderAlerts([closed], 3_700_000).closed).toHaveLength(0)
  })

  test('F5 an acknowledgement counts until the alert is raised again', () => {
    const once = alert('x', { transitions: [step('raised', null), step('acknowledged', '王建国', 5)] })
    expect(acknowledgement(once)).toEqual({ by: '王建国', atMs: 5 })
    expect(
      acknowledgement({ ...once, transitions: [...once.transitions, step('raised-again', null)] }),
    ).toBeUndefined()
  })

  test('F5 an acknowledgement after the return is what closes, and is shown as one', () => {
    const returned = [step('raised', null), step('returned', null)]
    expect(acknowledgement(alert('x', { transitions: [...returned, step('closed', '李静', 7)] }))).toEqual({
      by: '李静',
      atMs: 7,
    })
    expect(acknowledgement(alert('x', { transitions: [...returned, step('closed', null)] }))).toBeUndefined()
  })

  test('R3 a late finding comes after what calls, whatever its level, and before what is in hand', () => {
    const { open } = orderAlerts(
      [
        alert('red-in-hand', { level: 'red', state: 'acknowledged' }),
        alert('red-late', { level: 'red', state: 'returned-unacknowledged', late: true }),
        alert('blue-calling', { level: 'blue' }),
      ],
      0,
    )
    expect(open.map(({ id }) => id)).toEqual(['blue-calling', 'red-late', 'red-in-hand'])
  })

  test('R3 what late data did to an alert is told with the time at which the centre knew', () => {
    const late = (kind: Alert['transitions'][number]['kind']) => ({ ...step(kind, null, 5), recordedMs: 900 })
    expect(lateness(alert('x', { transitions: [step('raised', null)] }))).toBeUndefined()
    expect(lateness(alert('x', { late: true, transitions: [late('raised')] }))).toEqual({
      kind: 'late',
      recordedMs: 900,
    })
    expect(lateness(alert('x', { transitions: [step('raised', null), late('raised-late')] }))?.kind).toBe(
      'amended',
    )
    const withdrawn = alert('x', {
      state: 'normal',
      transitions: [step('raised', null, 5), late('withdrawn')],
    })
    expect(lateness(withdrawn)).toEqual({ kind: 'withdrawn', recordedMs: 900 })
    expect(endedMs(withdrawn)).toBe(900)
  })
})
