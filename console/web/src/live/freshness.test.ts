import type { GatewayView, LastValue, PointView, SiteView } from '@farwatch/model'
import { describe, expect, test } from 'vitest'
import { behindAfterMs, connectionOf } from './connection-state.ts'
import { conditionOf, isPictureStale, isStale, pictureStaleMs, valueTimeMs } from './freshness.ts'
import { ServerClock } from './server-clock.ts'

const value = (timeMs: number, receivedMs = timeMs): LastValue => ({
  timeMs,
  receivedMs,
  value: 1,
  quality: 0,
})

const point: PointView = {
  key: 'A/D/x',
  metric: 'x',
  name: { zh: '甲', en: 'x' },
  unit: '',
  type: 'number',
  intervalS: 10,
  limits: [],
  registered: true,
  last: null,
}

const site: SiteView = {
  id: 'A',
  name: { zh: '甲', en: 'A' },
  kind: 'other',
  registered: true,
  latitude: 33,
  longitude: 116,
  gateway: 'gw',
  devices: [
    { id: 'D', name: { zh: 'D', en: 'D' }, kind: 'sensor', registered: true, points: [point], camera: null },
  ],
}

const gateway = (online: boolean): GatewayView => ({
  id: 'gw',
  online,
  sinceMs: 0,
  status: null,
  delivery: null,
})

function facts(last: LastValue | undefined, online = true) {
  return {
    values: new Map(last ? [['A/D/x', last]] : []),
    gateways: new Map([['gw', gateway(online)]]),
    cameras: new Map(),
  }
}

describe('F5 nothing is shown as fresher than it is', () => {
  test('F5 a device clock that runs ahead does not make a value young', () => {
    expect(valueTimeMs(value(9_000_000, 1_000))).toBe(1_000)
    expect(valueTimeMs(value(1_000, 9_000_000))).toBe(1_000)
  })

  test('F5 a value is stale beyond three of its intervals, not at them', () => {
    expect(isStale(value(0), point, 30_000)).toBe(false)
    expect(isStale(value(0), point, 30_001)).toBe(true)
  })

  test('F5 a picture is stale after five minutes', () => {
    const camera = { device: 'A/c', pictureMs: 0, pictureUrl: '/p', event: null }
    expect(isPictureStale(camera, pictureStaleMs)).toBe(false)
    expect(isPictureStale(camera, pictureStaleMs + 1)).toBe(true)
  })

  test('F5 a site is silent when nothing fresh comes, or when its gateway is away', () => {
    expect(conditionOf(site, facts(value(0)), 10_000)).toBe('normal')
    expect(conditionOf(site, facts(value(0)), 60_000)).toBe('silent')
    expect(conditionOf(site, facts(undefined), 0)).toBe('silent')
    expect(conditionOf(site, facts(value(0), false), 10_000)).toBe('silent')
    expect(conditionOf({ ...site, registered: false }, facts(value(0)), 10_000)).toBe('unregistered')
    expect(conditionOf({ ...site, devices: [] }, facts(undefined), 0)).toBe('normal')
  })

  test('F5 a page without heartbeats is behind, without its socket disconnected', () => {
    expect(connectionOf({ connected: true, lastMs: undefined, nowMs: 5 }).kind).toBe('connecting')
    expect(connectionOf({ connected: true, lastMs: 0, nowMs: behindAfterMs }).kind).toBe('live')
    expect(connectionOf({ connected: true, lastMs: 0, nowMs: behindAfterMs + 1 })).toEqual({
      kind: 'behind',
      sinceMs: 0,
    })
    expect(connectionOf({ connected: false, lastMs: 0, nowMs: 1 }).kind).toBe('disconnected')
  })

  test('F5 ages run by the server clock, whatever the page clock says, and go on when blind', () => {
    let local = 1_000_000
    const clock = new ServerClock(() => local)
    clock.observe(5_000_000)
    local += 1_000
    clock.observe(5_000_700)
    expect(clock.now()).toBe(5_001_000)
    local += 60_000
    expect(clock.now()).toBe(5_061_000)
  })
})
