import { encodeRecord } from '@farwatch/model'
import { createMetrics, type Journal, silentLog, systemClock } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { createConsoleMetrics } from '../metrics.ts'
import { city, databaseAway, eventually, telemetry } from '../testing.ts'
import { defaultBounds } from './bounds.ts'
import { Follower } from './follow.ts'
import { LiveState } from './live-state.ts'

const t0 = 1_795_000_000_000
const lel = 'E01/gas/lel'
const soon = { ...systemClock, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(1, signal) }

function fresh(journal: Pick<Journal, 'follow' | 'first' | 'next'>) {
  const metrics = createConsoleMetrics(createMetrics())
  const state = new LiveState({ registry: city, bounds: defaultBounds, metrics, startMs: t0 })
  // What the writer has committed so far, as the view shows it.
  const committed: { key: string; last_time: Date; last_value: number }[] = []
  const control = { away: false, asked: 0, committed }
  const database = {
    ...databaseAway,
    query: async <Row>(sql: string) => {
      control.asked += 1
      if (control.away) return databaseAway.query<Row>('')
      if (!sql.includes('api_point')) return []
      return committed.map((row) => ({ last_received_at: row.last_time, last_quality: 0, ...row })) as Row[]
    },
  }
  const parts = { state, metrics, database, clock: soon, log: silentLog }
  return { state, control, follower: new Follower({ ...parts, journal: journal as Journal }) }
}

function at(position: number, value: number) {
  return { position, payload: encodeRecord(telemetry('E01/gas', { lel: value }, t0 + position)) }
}

test('F3 records that left the journal before they were read are found in the database', async () => {
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>()
  let started: () => void = () => undefined
  const jumping = {
    first: 1,
    next: 10,
    async *follow() {
      yield [at(1, 10)]
      await new Promise<void>((resolve) => {
        started = resolve
      })
      yield [{ position: 9, payload: encodeRecord(telemetry('E01/gas', { fan: 1 }, t0 + 9)) }]
      await aborted
    },
  }
  const { state, control, follower } = fresh(jumping)
  const stopping = new AbortController()
  const done = follower.run(stopping.signal)
  await eventually(() => state.point(lel)?.last?.value === 10 && control.asked > 0)
  control.committed.push({ key: lel, last_time: new Date(t0 + 8), last_value: 80 })
  started()
  await eventually(() => state.point(lel)?.last?.value === 80)
  abort()
  stopping.abort()
  await done
})

test('F3 while the database is away the journal is followed, and health says so until it is back', async () => {
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>()
  const journal = {
    first: 1,
    next: 2,
    async *follow() {
      yield [at(1, 10)]
      await aborted
    },
  }
  const { state, control, follower } = fresh(journal)
  control.away = true
  control.committed.push({ key: 'E01/gas/fan', last_time: new Date(t0), last_value: 1 })
  const stopping = new AbortController()
  const done = follower.run(stopping.signal)
  await eventually(() => state.point(lel)?.last?.value === 10 && control.asked > 3)
  expect(follower.health()).toMatchObject({
    status: 'degraded',
    detail: expect.stringContaining('last values'),
  })
  control.away = false
  await eventually(() => state.point('E01/gas/fan')?.last?.value === 1)
  expect(follower.health()).toEqual({ status: 'ok' })
  abort()
  stopping.abort()
  await done
})

test('a journal that fails is followed again from where it broke', async () => {
  const asked: number[] = []
  const failing = {
    first: 1,
    next: 3,
    async *follow(from: number) {
      asked.push(from)
      if (asked.length === 1) yield [at(1, 10)]
      if (asked.length < 4) throw new Error('disk says no')
      yield [at(2, 20)]
    },
  }
  const { state, follower } = fresh(failing)
  const stopping = new AbortController()
  const done = follower.run(stopping.signal)
  await eventually(() => state.point(lel)?.last?.value === 20)
  stopping.abort()
  await done
  expect(asked.slice(0, 4)).toEqual([1, 2, 2, 2])
})
