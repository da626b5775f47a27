import { encodeBatch, encodeSeries, Quality, type Series } from '@farwatch/model'
import { createMetrics } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { createConsoleMetrics } from '../metrics.ts'
import { bytesOf, city, jpeg } from '../testing.ts'
import { defaultBounds, type LiveBounds } from './bounds.ts'
import { LiveState } from './live-state.ts'

const t0 = 1_795_000_000_000

function fresh(bounds: Partial<LiveBounds> = {}) {
  const metrics = createConsoleMetrics(createMetrics())
  const parts = { registry: city, bounds: { ...defaultBounds, ...bounds }, metrics, startMs: t0 }
  return { state: new LiveState(parts), metrics }
}

function batchOf(series: Partial<Series> & { point: string; timesMs: Float64Array; values: Float64Array }) {
  return {
    kind: 'batch',
    gateway: 'gw-e01',
    bytes: encodeBatch({
      sign1: new Uint8Array(1),
      series: [
        encodeSeries({ timeSource: 'device', qualities: new Uint16Array(series.timesMs.length), ...series }),
      ],
    }),
  } as const
}

const lel = 'E01/gas/lel'
const last = (state: LiveState, key = lel) => state.point(key)?.last

test('F3 the newest value by source time is shown, with both clocks; late data never goes back', () => {
  const { state } = fresh()
  state.apply({
    ...batchOf({
      point: lel,
      timesMs: Float64Array.of(t0, t0 + 2000, t0 + 1000),
      values: Float64Array.of(1, 3, 2),
    }),
    receivedMs: t0 + 2500,
  })
  expect(last(state)).toEqual({ timeMs: t0 + 2000, receivedMs: t0 + 2500, value: 3, quality: 0 })
  state.apply({
    ...batchOf({ point: lel, timesMs: Float64Array.of(t0 + 500), values: Float64Array.of(9) }),
    receivedMs: t0 + 9000,
  })
  expect(last(state)?.value).toBe(3)
})

test('F8 a stamp from 2036 is shown as sent, and hides later readings for a minute at most', () => {
  const { state } = fresh()
  const in2036 = Date.UTC(2036, 0, 1)
  state.setLast(lel, { timeMs: in2036, receivedMs: t0, value: 5, quality: 0 })
  expect(last(state)?.timeMs).toBe(in2036)
  state.setLast(lel, { timeMs: t0 + 61_000, receivedMs: t0 + 61_000, value: 6, quality: 0 })
  expect(last(state)?.value).toBe(6)
})

test('a bad reading without a value is shown as such', () => {
  const { state } = fresh()
  state.apply({
    ...batchOf({
      point: lel,
      timesMs: Float64Array.of(t0),
      values: Float64Array.of(Number.NaN),
      qualities: Uint16Array.of(Quality.badNoCommunication),
    }),
    receivedMs: t0,
  })
  expect(last(state)).toMatchObject({ value: null, quality: Quality.badNoCommunication })
})

test('F3 unknown devices appear as unregistered, on their gateway and beside registered ones', () => {
  const { state } = fresh()
  state.apply({
    ...batchOf({ point: 'X9/dev/so2', timesMs: Float64Array.of(t0), values: Float64Array.of(1) }),
    receivedMs: t0,
  })
  state.setLast('E01/new/so2', { timeMs: t0, receivedMs: t0, value: 2, quality: 0 })
  const { sites } = state.takeChanges()
  expect(sites.map(({ id, registered, gateway }) => [id, registered, gateway])).toEqual([
    ['X9', false, 'gw-e01'],
    ['E01', true, 'gw-e01'],
  ])
  expect(sites[1]?.devices.map(({ id, registered }) => [id, registered])).toEqual([
    ['gas', true],
    ['new', false],
  ])
})

test('F8 unregistered points grow to a bound, what is left out is counted, registered ones are not touched', async () => {
  const { state, metrics } = fresh({ sites: 2, devices: 3, points: 5 })
  for (let i = 0; i < 50; i++) {
    state.setLast(`X${i % 7}/d${i % 11}/m${i}`, { timeMs: t0, receivedMs: t0, value: i, quality: 0 })
  }
  state.setLast(lel, { timeMs: t0, receivedMs: t0, value: 1, quality: 0 })
  const unregistered = Array.from(state.points()).filter(({ view }) => !view.registered)
  expect(unregistered.length).toBeLessThanOrEqual(5)
  expect(state.sites().filter(({ registered }) => !registered)).toHaveLength(2)
  const counted = (await metrics.leftOut.get()).values.reduce((sum, { value }) => sum + value, 0)
  expect(unregistered.length + counted).toBe(50)
  expect(last(state)?.value).toBe(1)
})

test('F3 a camera shows its newest picture and event; what is no JPEG or no camera of ours is counted', async () => {
  const { state, metrics } = fresh()
  const event = (label: string, seconds: number) =>
    state.apply({
      kind: 'camera-event',
      receivedMs: t0,
      bytes: bytesOf({
        type: 'new',
        after: {
          id: label,
          camera: 'e10-kitchen',
          label,
          frame_time: seconds,
          start_time: 1,
          top_score: 0.9,
        },
      }),
    })
  const picture = (bytes: Uint8Array, receivedMs: number, camera = 'e10-kitchen') =>
    state.apply({ kind: 'picture', receivedMs, camera, label: 'rat', bytes })
  picture(jpeg('new'), t0 + 10)
  picture(jpeg('old'), t0)
  picture(bytesOf('<script>'), t0 + 20)
  picture(jpeg('other'), t0 + 20, 'nobody')
  event('rat', 20)
  event('cat', 10)
  const { cameras } = state.takeChanges()
  expect(cameras).toEqual([
    {
      device: 'E10/后厨',
      pictureMs: t0 + 10,
      pictureUrl: expect.stringMatching(
        /^\/api\/cameras\/E10\/%E5%90%8E%E5%8E%A8\/picture\.jpg\?v=[0-9a-f]{16}$/,
      ),
      event: { label: 'rat', score: 0.9, timeMs: 20_000 },
    },
  ])
  const counted = (await metrics.leftOut.get()).values.map(({ labels, value }) => [labels.what, value])
  expect(counted).toEqual([
    ['picture', 1],
    ['camera', 1],
  ])
})

test('pictures beyond the budget go, oldest first, and the page is told', () => {
  const { state } = fresh({ picturesBytes: 20 })
  state.setPicture('e10-kitchen', jpeg('x'.repeat(10)), t0)
  expect(state.picture('E10', '后厨')).toBeDefined()
  state.setPicture('e10-kitchen', jpeg('x'.repeat(20)), t0 + 1)
  expect(state.takeChanges().cameras).toMatchObject([{ pictureMs: null, pictureUrl: null }])
})

test('a gateway that a site names is offline until heard; its will takes it offline again', () => {
  const { state } = fresh()
  expect(state.gatewayViews()).toEqual([
    { id: 'gw-e01', online: false, sinceMs: t0, status: null, delivery: null },
  ])
  const status = (online: boolean, receivedMs: number) =>
    state.apply({ kind: 'gateway-status', receivedMs, gateway: 'gw-e01', bytes: bytesOf({ v: 1, online }) })
  status(true, t0 + 100)
  status(true, t0 + 200)
  expect(state.gatewayViews()).toMatchObject([{ online: true, sinceMs: t0 + 100 }])
  status(false, t0 + 300)
  status(true, t0 + 250)
  expect(state.gatewayViews()).toMatchObject([
    { online: false, sinceMs: t0 + 300, status: { online: false } },
  ])
})

test('J2 how a gateway delivers is known before its status, newest wins, and a loss by itself changes nothing', () => {
  const { state } = fresh()
  const delivery = (stored: number) => ({
    ...{ v: 1, gateway: 'gw-e01', chain: null, islands: 1, abnormal: null, twin: null },
    verdicts: { stored, duplicate: 0, rejected: 0, held: 0, forked: 0, gap: 0, declared: 0 },
    missing: { holes: 0, batches: 0, list: [] },
    lost: { declarations: 0, batches: 0, readings: 0, list: [] },
  })
  const tell = (stored: number, receivedMs: number) =>
    state.apply({ kind: 'delivery', receivedMs, gateway: 'gw-e01', bytes: bytesOf(delivery(stored)) })
  tell(7, t0 + 2)
  tell(5, t0 + 1)
  state.apply({
    kind: 'gateway-status',
    receivedMs: t0,
    gateway: 'gw-e01',
    bytes: bytesOf({ v: 1, online: true }),
  })
  state.apply({ kind: 'loss', receivedMs: t0, gateway: 'gw-e01', bytes: Uint8Array.of(1) })
  expect(state.takeChanges().gateways).toEqual([
    expect.objectContaining({ online: true, delivery: delivery(7) }),
  ])
})

test('F8 a record that cannot be read is counted and harms nothing', async () => {
  const { state, metrics } = fresh()
  const problem = state.apply({ kind: 'batch', receivedMs: t0, gateway: 'g', bytes: new Uint8Array([1, 2]) })
  expect(problem).toMatchObject({ code: 'bad-batch' })
  expect(
    state.apply({ kind: 'gateway-status', receivedMs: t0, gateway: 'g', bytes: bytesOf({ v: 2 }) }),
  ).toBeInstanceOf(Error)
  expect((await metrics.unreadable.get()).values.map(({ value }) => value)).toEqual([1, 1])
})

test('W1 a changed registry: new points appear, values stay, what is gone goes, unregistered things keep their place', () => {
  const { state } = fresh()
  state.setLast(lel, { timeMs: t0, receivedMs: t0, value: 5, quality: 0 })
  state.setLast('E01/gas/extra', { timeMs: t0, receivedMs: t0, value: 6, quality: 0 })
  state.setLast('N1/a/x', { timeMs: t0, receivedMs: t0, value: 7, quality: 0 })
  state.takeChanges()
  const [e01, e10] = city.sites
  const [gas] = e01!.devices
  const registry = {
    sites: [
      { ...e01!, gateway: 'gw-new', devices: [{ ...gas!, points: gas!.points.slice(0, 1) }] },
      e10!,
      { ...e01!, id: 'N1', devices: [{ ...gas!, id: 'a', points: [{ ...gas!.points[0]!, metric: 'x' }] }] },
    ],
  }
  state.monitor(registry, t0)
  expect(state.takeChanges()).toMatchObject({
    sites: [
      {
        ...{ id: 'E01', gateway: 'gw-new' },
        devices: [
          {
            points: [
              { key: lel, registered: true, last: { value: 5 } },
              { key: 'E01/gas/extra', registered: false, last: { value: 6 } },
            ],
          },
        ],
      },
      {
        id: 'N1',
        registered: true,
        devices: [{ points: [{ key: 'N1/a/x', registered: true, last: { value: 7 } }] }],
      },
    ],
    gateways: [{ id: 'gw-new', online: false }],
  })
  expect(state.point('E01/gas/fan')).toBeUndefined()
  expect(state.sitesOfGateway('gw-e01')).toEqual(['N1'])
  expect(state.sitesOfGateway('gw-new')).toEqual(['E01'])
  // What is retired stays in sight as unregistered, and what still sends is found again.
  state.monitor({ sites: [e10!] }, t0)
  expect(state.takeChanges().sites.map(({ id, registered }) => [id, registered])).toEqual([
    ['E01', false],
    ['N1', false],
  ])
  state.setLast(lel, { timeMs: t0 + 1, receivedMs: t0 + 1, value: 8, quality: 0 })
  expect(state.point(lel)).toMatchObject({ registered: false, last: { value: 8 } })
})

test('W1 what becomes registered makes room for others that are not', () => {
  const { state } = fresh({ sites: 1, devices: 1, points: 1 })
  state.setLast('N1/a/x', { timeMs: t0, receivedMs: t0, value: 7, quality: 0 })
  const [e01] = city.sites
  const [gas] = e01!.devices
  const n1 = {
    ...e01!,
    id: 'N1',
    devices: [{ ...gas!, id: 'a', points: [{ ...gas!.points[0]!, metric: 'x' }] }],
  }
  state.monitor({ sites: [...city.sites, n1] }, t0)
  state.setLast('N2/a/x', { timeMs: t0, receivedMs: t0, value: 7, quality: 0 })
  expect(state.point('N2/a/x')).toMatchObject({ registered: false, last: { value: 7 } })
  state.setLast('N3/a/x', { timeMs: t0, receivedMs: t0, value: 7, quality: 0 })
  expect(state.point('N3/a/x')).toBeUndefined()
})
