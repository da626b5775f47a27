import type { Alert, Delta, PointView, SiteView, Snapshot } from '@farwatch/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyDelta, fromSnapshot, type LiveState, withAlert } from './state.ts'

const point = (key: string, last: PointView['last'] = null): PointView => ({
  key,
  metric: key.split('/')[2] ?? '',
  name: { zh: key, en: key },
  unit: '',
  type: 'number',
  intervalS: 10,
  limits: [],
  registered: true,
  last,
})

const site = (id: string, points: PointView[] = []): SiteView => ({
  id,
  name: { zh: id, en: id },
  kind: 'other',
  registered: true,
  latitude: 33,
  longitude: 116,
  devices: [{ id: 'D', name: { zh: 'D', en: 'D' }, kind: 'sensor', registered: true, points, camera: null }],
})

const alert = (id: string, transitions: number): Alert => ({
  id,
  rule: 'r',
  ruleVersion: 1,
  subject: 'A/D/x',
  site: 'A',
  level: 'red',
  state: transitions === 1 ? 'unacknowledged' : 'acknowledged',
  title: { zh: '甲', en: 'a' },
  why: { zh: '甲', en: 'a' },
  unit: '',
  limit: null,
  value: null,
  worst: null,
  late: false,
  setMs: 0,
  returnedMs: null,
  transitions: Array.from({ length: transitions }, (_, i) => ({
    n: i + 1,
    kind: i === 0 ? ('raised' as const) : ('acknowledged' as const),
    state: 'unacknowledged' as const,
    atMs: 0,
    recordedMs: 0,
    by: null,
    comment: null,
    value: null,
  })),
})

const snapshot = (over: Partial<Snapshot> = {}): Snapshot => ({
  seq: 10,
  serverMs: 0,
  sites: [site('A', [point('A/D/x', { timeMs: 1, receivedMs: 2, value: 3, quality: 0 }), point('A/D/y')])],
  gateways: [],
  alerts: [],
  ...over,
})

const delta = (seq: number, over: Partial<Delta> = {}): Delta => ({
  seq,
  serverMs: 0,
  values: [],
  alerts: [],
  cameras: [],
  gateways: [],
  sites: [],
  ...over,
})

function applied(state: LiveState, next: Delta): LiveState {
  const result = applyDelta(state, next)
  if (result.kind !== 'applied') throw new Error(`expected applied, found ${result.kind}`)
  return result.state
}

describe('F5 the live state of a page', () => {
  test('F5 a snapshot brings values, and a delta changes only what it names', () => {
    const before = fromSnapshot(snapshot())
    expect(before.values.get('A/D/x')).toEqual({ timeMs: 1, receivedMs: 2, value: 3, quality: 0 })
    const after = applied(before, delta(11, { values: [['A/D/y', 5, 6, 7, 0]] }))
    expect(after.values.get('A/D/y')?.value).toBe(7)
    expect(after.values.get('A/D/x')).toBe(before.values.get('A/D/x'))
    expect(after.sites).toBe(before.sites)
    expect(after.alerts).toBe(before.alerts)
    expect(before.values.has('A/D/y')).toBe(false)
  })

  test('F5 a heartbeat without changes keeps every map as it is', () => {
    const before = fromSnapshot(snapshot())
    const after = applied(before, delta(11))
    expect(after.seq).toBe(11)
    expect(after.values).toBe(before.values)
    expect(after.cameras).toBe(before.cameras)
  })

  test('F5 a missing number is a gap: nothing is applied, and the number awaited is named', () => {
    const state = fromSnapshot(snapshot())
    expect(applyDelta(state, delta(12, { values: [['A/D/x', 9, 9, 9, 0]] }))).toEqual({
      kind: 'gap',
      expected: 11,
    })
    expect(state.values.get('A/D/x')?.value).toBe(3)
  })

  test('F5 a delta seen before, or older than the snapshot, changes nothing', () => {
    const state = applied(fromSnapshot(snapshot()), delta(11))
    expect(applyDelta(state, delta(11)).kind).toBe('old')
    expect(applyDelta(state, delta(3)).kind).toBe('old')
  })

  test('F5 a new site brings its values; an older picture of a site does not turn a value back', () => {
    const state = applied(fromSnapshot(snapshot()), delta(11, { values: [['A/D/x', 50, 60, 70, 0]] }))
    const stale = site('A', [point('A/D/x', { timeMs: 1, receivedMs: 2, value: 3, quality: 0 })])
    const fresh = site('B', [point('B/D/z', { timeMs: 1, receivedMs: 2, value: 8, quality: 0 })])
    const after = applied(state, delta(12, { sites: [stale, fresh] }))
    expect(after.values.get('A/D/x')?.value).toBe(70)
    expect(after.values.get('B/D/z')?.value).toBe(8)
    expect(after.sites.size).toBe(2)
  })

  test('F5 the answer to an acknowledgement never turns back a later state from a delta', () => {
    const state = applied(fromSnapshot(snapshot()), delta(11, { alerts: [alert('x', 3)] }))
    expect(withAlert(state, alert('x', 2))).toBe(state)
    expect(withAlert(state, alert('x', 4)).alerts.get('x')?.transitions).toHaveLength(4)
  })

  test('F5 whatever the order of arrival, a page that resyncs on gaps ends where the server is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(), { maxLength: 80 }),
        (numbers, picks) => {
          const deltas = numbers.map((value, i) => delta(11 + i, { values: [['A/D/x', i, i, value, 0]] }))
          const order = [...picks.map((pick) => deltas[pick % deltas.length]!), deltas.at(-1)!]
          const final = snapshot({
            seq: 10 + deltas.length,
            sites: [
              site('A', [
                point('A/D/x', {
                  timeMs: deltas.length - 1,
                  receivedMs: deltas.length - 1,
                  value: numbers.at(-1)!,
                  quality: 0,
                }),
              ]),
            ],
          })
          let state = fromSnapshot(snapshot())
          for (const next of order) {
            const result = applyDelta(state, next)
            if (result.kind === 'applied') state = result.state
            if (result.kind === 'gap') state = fromSnapshot(final)
          }
          expect(state.seq).toBe(10 + deltas.length)
          expect(state.values.get('A/D/x')?.value).toBe(numbers.at(-1))
        },
      ),
    )
  })
})
