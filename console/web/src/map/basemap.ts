import type { Feature, FeatureCollection, MultiPolygon, Point } from 'geojson'
import data from './basemap.json'
import type { Bounds, LngLat } from './engine.ts'

interface Area {
  readonly code: string
  readonly name: string
  readonly label: LngLat | null
}

export interface BaseMap {
  readonly counties: FeatureCollection<MultiPolygon, { code: string; shade: number }>
  readonly neighbours: FeatureCollection<MultiPolygon, { code: string }>
  readonly labels: FeatureCollection<Point, { code: string; name: string }>
  readonly grid: FeatureCollection
  /** Of the city. */
  readonly bounds: Bounds
}

const counties = data.counties as unknown as Feature<MultiPolygon, Area>[]
const neighbours = data.neighbours as unknown as Feature<MultiPolygon, Area>[]

/** Where a county's name stands, set by hand: its town, where the sites crowd, is no place for it. */
const namePlaces: Readonly<Record<string, LngLat>> = {
  '341602': [115.84, 33.62],
  '341621': [116.23, 33.64],
  '341622': [116.62, 33.12],
  '341623': [116.13, 33.02],
}

/** Every vertex of the city's counties, WGS-84. */
function cityBounds(): Bounds {
  const bounds: Bounds = [180, 90, -180, -90]
  for (const county of counties)
    for (const polygon of county.geometry.coordinates)
      for (const ring of polygon)
        for (const [x = 0, y = 0] of ring) {
          bounds[0] = Math.min(bounds[0], x)
          bounds[1] = Math.min(bounds[1], y)
          bounds[2] = Math.max(bounds[2], x)
          bounds[3] = Math.max(bounds[3], y)
        }
  return bounds
}

/** The base map with names in the page's language. */
export function baseMap(nameOf: (code: string, chinese: string) => string): BaseMap {
  return {
    bounds: cityBounds(),
    counties: {
      type: 'FeatureCollection',
      features: counties.map((county, shade) => ({
        ...county,
        properties: { code: county.properties.code, shade },
      })),
    },
    neighbours: {
      type: 'FeatureCollection',
      features: neighbours.map((area) => ({ ...area, properties: { code: area.properties.code } })),
    },
    labels: {
      type: 'FeatureCollection',
      features: counties.map(({ properties: { code, name, label } }) => ({
        type: 'Feature',
        properties: { code, name: nameOf(code, name) },
        geometry: { type: 'Point', coordinates: namePlaces[code] ?? label ?? [0, 0] },
      })),
    },
    grid: grid(),
  }
}

/** A graticule each quarter degree. */
function grid(): FeatureCollection {
  const features: Feature[] = []
  const line = (coordinates: LngLat[]) =>
    features.push({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates } })
  for (let lon = 113; lon <= 119; lon += 0.25)
    line([
      [lon, 31],
      [lon, 36],
    ])
  for (let lat = 31; lat <= 36; lat += 0.25)
    line([
      [113, lat],
      [119, lat],
    ])
  return { type: 'FeatureCollection', features }
}
