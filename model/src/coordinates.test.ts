import { expect, test } from 'vitest'
import { gcj02ToBd09, type Place, toGcj02, toWgs84 } from './coordinates.ts'

const at = (latitude: number, longitude: number): Place => ({ latitude, longitude })

function metresBetween(a: Place, b: Place): number {
  const north = (a.latitude - b.latitude) * 111_320
  const east = (a.longitude - b.longitude) * 111_320 * Math.cos((a.latitude * Math.PI) / 180)
  return Math.hypot(north, east)
}

/** Published pairs of several implementations: Shanghai, Shenzhen, Beijing. */
const published = [
  [at(31.1774276, 121.5272106), at(31.17530398364597, 121.531541859215)],
  [at(22.543847, 113.912316), at(22.540796131694766, 113.9171764808363)],
  [at(39.911954, 116.377817), at(39.91334545536069, 116.38404722455657)],
] as const

test('W1 GCJ-02 becomes WGS-84 as the published pairs have it, within half a metre', () => {
  for (const [wgs84, gcj02] of published) {
    expect(metresBetween(toGcj02(wgs84), gcj02)).toBeLessThan(0.001)
    expect(metresBetween(toWgs84(gcj02, 'GCJ-02'), wgs84)).toBeLessThan(0.5)
  }
})

test('W1 BD-09 becomes WGS-84 as the published pairs have it, within half a metre', () => {
  const bd09 = gcj02ToBd09(at(39.915, 116.404))
  expect(metresBetween(bd09, at(39.92133699351021, 116.41036949371029))).toBeLessThan(0.001)
  expect(metresBetween(toWgs84(at(45, 123), 'BD-09'), at(44.9917154, 122.9876221))).toBeLessThan(0.5)
})

test('W1 there and back is the same place all over the country, and outside nothing is shifted', () => {
  for (let latitude = 4; latitude < 54; latitude += 3.7) {
    for (let longitude = 74; longitude < 135; longitude += 4.3) {
      const place = at(latitude, longitude)
      expect(metresBetween(toWgs84(toGcj02(place), 'GCJ-02'), place)).toBeLessThan(0.001)
      expect(metresBetween(toWgs84(gcj02ToBd09(toGcj02(place)), 'BD-09'), place)).toBeLessThan(0.001)
    }
  }
  expect(toWgs84(at(51.5, -0.1), 'GCJ-02')).toEqual(at(51.5, -0.1))
  expect(toWgs84(at(33.9, 115.7), 'WGS-84')).toEqual(at(33.9, 115.7))
})
