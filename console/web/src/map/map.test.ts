import type { Alert, SiteView } from '@farwatch/model'
import { describe, expect, test } from 'vitest'
import { baseMap } from './basemap.ts'
import { chooseEngine, mapOptions } from './engine.ts'
import { siteFeatures } from './features.ts'
import { dark } from './palette.ts'
import { type MapStyle, mapStyle } from './style.ts'

const base = baseMap((_code, chinese) => chinese)
const none = { type: 'FeatureCollection' as const, features: [] }
const style = (kind: 'maplibre' | 'mapbox'): MapStyle =>
  mapStyle(kind, { palette: dark, base, dark: true, sites: none })
const container = {} as HTMLElement

describe('F5 the map module chooses its engine', () => {
  test('F5 MapLibre without a token, Mapbox GL with one', () => {
    expect(chooseEngine({ mapboxToken: null })).toBe('maplibre')
    expect(chooseEngine({ mapboxToken: '' })).toBe('maplibre')
    expect(chooseEngine({ mapboxToken: 'pk.x' })).toBe('mapbox')
  })

  test('F5 MapLibre is handed nothing that leads off this machine', () => {
    const options = mapOptions('maplibre', {
      container,
      style: style('maplibre'),
      bounds: base.bounds,
      token: null,
    })
    expect(JSON.stringify(options)).not.toMatch(/https?:|mapbox:/)
    expect(options.accessToken).toBeUndefined()
    expect(options.style).not.toHaveProperty('glyphs')
    expect(options.localIdeographFontFamily).toContain('sans-serif')
  })

  test('F5 Mapbox GL is handed the token, its base map and the same layers of borders and sites', () => {
    const options = mapOptions('mapbox', {
      container,
      style: style('mapbox'),
      bounds: base.bounds,
      token: 'pk.x',
    })
    expect(options.accessToken).toBe('pk.x')
    expect(options.localFontFamily).toContain('sans-serif')
    expect(options.style.imports).toEqual([{ id: 'base', url: 'mapbox://styles/mapbox/dark-v11' }])
    const ours = style('maplibre').layers
    for (const layer of options.style.layers) expect(ours).toContainEqual(layer)
    expect(options.style.layers.map(({ id }) => id)).toContain('sites')
  })

  test('F5 every layer draws from a source that exists', () => {
    const { layers, sources } = style('maplibre')
    for (const layer of layers) if (layer.source) expect(Object.keys(sources)).toContain(layer.source)
  })
})

describe('F5 the base map', () => {
  test('F5 has the four counties of Bozhou, in WGS-84, each with its name inside the city', () => {
    expect(base.labels.features.map(({ properties }) => properties.name)).toEqual([
      '谯城区',
      '涡阳县',
      '利辛县',
      '蒙城县',
    ])
    const [west, south, east, north] = base.bounds
    expect([west, south, east, north].map((n) => Math.round(n * 10) / 10)).toEqual([115.5, 32.9, 116.8, 34.1])
    for (const { geometry } of base.labels.features) {
      const [lon = 0, lat = 0] = geometry.coordinates
      expect(lon > west && lon < east && lat > south && lat < north).toBe(true)
    }
  })
})

describe('F5 sites on the map', () => {
  const site = (id: string, over: Partial<SiteView> = {}): SiteView => ({
    id,
    name: { zh: `${id}厂`, en: `${id} works` },
    kind: 'distillery',
    registered: true,
    latitude: 33.9,
    longitude: 115.7,
    devices: [],
    ...over,
  })
  const alert = (level: Alert['level'], state: Alert['state']) => ({ level, state }) as Alert

  test('F5 a site shows its worst open level, waits while one is unacknowledged, and the worst lies on top', () => {
    const sites = new Map(['A', 'B', 'C'].map((id) => [id, site(id)]))
    const open = new Map([
      ['B', [alert('yellow', 'acknowledged'), alert('red', 'acknowledged')]],
      ['C', [alert('blue', 'returned-unacknowledged')]],
    ])
    const { features } = siteFeatures({ sites, open, conditions: new Map([['A', 'silent']]) }, 'en')
    expect(features.map(({ properties }) => properties.id)).toEqual(['A', 'C', 'B'])
    const [a, c, b] = features.map(({ properties }) => properties)
    expect(a).toMatchObject({ level: null, condition: 'silent', waiting: false, name: 'A works' })
    expect(b).toMatchObject({ level: 'red', waiting: false })
    expect(c).toMatchObject({ level: 'blue', waiting: true })
  })

  test('F5 a site without a place is left to the list', () => {
    const sites = new Map([['U', site('U', { registered: false, latitude: null, longitude: null })]])
    expect(siteFeatures({ sites, open: new Map(), conditions: new Map() }, 'zh').features).toEqual([])
  })
})
