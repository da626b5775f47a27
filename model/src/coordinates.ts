import type { coordinateSystems } from './entities.ts'

export interface Place {
  readonly latitude: number
  readonly longitude: number
}
export type CoordinateSystem = (typeof coordinateSystems)[number]

/** Krassovsky's ellipsoid of 1940, on which GCJ-02 was made. */
const axisM = 6_378_245
const eccentricity2 = 0.006_693_421_622_965_943
/** The turn of BD-09's own waves. */
const baiduTurn = (Math.PI * 3_000) / 180

/**
 * A place as GPS has it. The formulas of GCJ-02 and BD-09 are known in one direction only, as they were published; the way
 * back is found by approach, to less than a millimetre.
 */
export function toWgs84(place: Place, system: CoordinateSystem): Place {
  if (system === 'WGS-84') return { latitude: place.latitude, longitude: place.longitude }
  return inverse(toGcj02, system === 'BD-09' ? inverse(gcj02ToBd09, place) : place)
}

/** WGS-84 as Chinese maps show it; outside their rectangle nothing is shifted. */
export function toGcj02({ latitude, longitude }: Place): Place {
  const outside = longitude < 72.004 || longitude > 137.8347 || latitude < 0.8293 || latitude > 55.8271
  if (outside) return { latitude, longitude }
  const x = longitude - 105
  const y = latitude - 35
  const waves = (20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * (2 / 3)
  const north =
    -100 +
    2 * x +
    3 * y +
    0.2 * y * y +
    0.1 * x * y +
    0.2 * Math.sqrt(Math.abs(x)) +
    waves +
    (20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * (2 / 3) +
    (160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * (2 / 3)
  const east =
    300 +
    x +
    2 * y +
    0.1 * x * x +
    0.1 * x * y +
    0.1 * Math.sqrt(Math.abs(x)) +
    waves +
    (20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * (2 / 3) +
    (150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * (2 / 3)
  const phi = (latitude / 180) * Math.PI
  const magic = 1 - eccentricity2 * Math.sin(phi) ** 2
  const metresNorth = ((axisM * (1 - eccentricity2)) / (magic * Math.sqrt(magic))) * (Math.PI / 180)
  const metresEast = (axisM / Math.sqrt(magic)) * Math.cos(phi) * (Math.PI / 180)
  return { latitude: latitude + north / metresNorth, longitude: longitude + east / metresEast }
}

/** GCJ-02 as Baidu's maps show it. */
export function gcj02ToBd09({ latitude, longitude }: Place): Place {
  const radius = Math.hypot(longitude, latitude) + 0.000_02 * Math.sin(latitude * baiduTurn)
  const angle = Math.atan2(latitude, longitude) + 0.000_003 * Math.cos(longitude * baiduTurn)
  return { latitude: radius * Math.sin(angle) + 0.006, longitude: radius * Math.cos(angle) + 0.0065 }
}

/** Where `forward` comes from to `target`: the shift changes slowly, so each round takes away nearly all that is left. */
function inverse(forward: (place: Place) => Place, target: Place): Place {
  let { latitude, longitude } = target
  for (let round = 0; round < 12; round++) {
    const reached = forward({ latitude, longitude })
    latitude -= reached.latitude - target.latitude
    longitude -= reached.longitude - target.longitude
  }
  return { latitude, longitude }
}
