import type { Delta, Snapshot } from '@farwatch/model'
import { createMetrics } from '@farwatch/runtime'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createConsoleMetrics } from '../metrics.ts'
import { alertOf, applyDelta, bytesOf, city, jpeg, MemoryDesk } from '../testing.ts'
import { defaultBounds } from './bounds.ts'
import { Feed } from './feed.ts'
import { LiveState } from './live-state.ts'

const t0 = 1_795_000_000_000

function fresh() {
  const metrics = createConsoleMetrics(createMetrics())
  const state = new LiveState({
    registry: city,
    bounds: { ...defaultBounds, points: 6 },
    metrics,
    startMs: t0,
  })
  const desk = new MemoryDesk()
  const clock = { nowMs: 0, now: () => t0 + clock.nowMs, monotonicMs: () => clock.nowMs }
  const feed = new Feed({ state, desk, clock })
  desk.subscribe((alert) => feed.alertChanged(alert))
  return { state, desk, clock, feed }
}

const small = fc.integer({ min: 0, max: 5 })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('value'), at: small, time: fc.nat(20_000), value: fc.integer() }),
  },
  fc.record({ do: fc.constant('alert'), at: small, worst: fc.integer() }),
  fc.record({ do: fc.constant('picture'), time: small }),
  fc.record({ do: fc.constant('gateway'), at: small, online: fc.boolean(), time: fc.nat(100) }),
  fc.record({ do: fc.constant('flush'), pause: fc.nat(1500) }),
  fc.record({ do: fc.constant('connect') }),
)

const keys = ['E01/gas/lel', 'E01/gas/fan', 'E01/gas/new', 'X1/d/m', 'X1/d/n', 'X2/d/m']

test('F5 whoever holds a snapshot and the deltas after it holds exactly the state of the server', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { state, desk, clock, feed } = fresh()
      const pages: Snapshot[] = []
      const deltas: Delta[] = []
      const flush = () => {
        const delta = feed.next()
        if (delta === undefined) return
        deltas.push(delta)
        pages.forEach((page, i) => {
          pages[i] = applyDelta(page, overTheWire(delta))
        })
      }
      for (const one of steps) {
        if (one.do === 'value') {
          const last = { timeMs: t0 + one.time, receivedMs: t0 + clock.nowMs, value: one.value, quality: 0 }
          state.setLast(keys[one.at]!, last)
        }
        if (one.do === 'alert') desk.put(alertOf(one.at, { worst: one.worst }))
        if (one.do === 'picture') state.setPicture('e10-kitchen', jpeg(String(one.time)), t0 + one.time)
        if (one.do === 'gateway') {
          const bytes = bytesOf({ v: 1, online: one.online })
          state.gateways.apply(`g${one.at}`, bytes, t0 + one.time)
        }
        if (one.do === 'flush') {
          clock.nowMs += one.pause
          flush()
        }
        if (one.do === 'connect') {
          flush()
          pages.push(overTheWire(feed.snapshot()))
        }
      }
      flush()
      const now = overTheWire(feed.snapshot())
      for (const page of pages) expect({ ...page, serverMs: 0 }).toEqual({ ...now, serverMs: 0 })
      expect(deltas.map(({ seq }) => seq)).toEqual(deltas.map((_, i) => i + 1))
    }),
  )
})

test('values are coalesced: one entry a point, the newest; a second of silence gives a heartbeat', () => {
  const { state, clock, feed } = fresh()
  for (let i = 0; i < 100; i++) {
    state.setLast(keys[0]!, { timeMs: t0 + i, receivedMs: t0 + i, value: i, quality: 0 })
  }
  expect(feed.next()).toMatchObject({ seq: 1, values: [[keys[0], t0 + 99, t0 + 99, 99, 0]] })
  clock.nowMs = 999
  expect(feed.next()).toBeUndefined()
  clock.nowMs = 1000
  expect(feed.next()).toMatchObject({ seq: 2, values: [], alerts: [], sites: [], serverMs: t0 + 1000 })
})

function overTheWire<T>(message: T): T {
  return JSON.parse(JSON.stringify(message)) as T
}
