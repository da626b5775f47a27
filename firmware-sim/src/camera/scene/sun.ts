import { localHour } from '../../values/local-time.ts'

const degree = Math.PI / 180
const latitude = 33.512 * degree
/** The site lies 3.8° west of the zone's meridian (120° E): the sun is a quarter of an hour late. */
const solarDelayH = (120 - 116.226) / 15

export interface Sun {
  /** Degrees above the horizon, negative at night. */
  readonly elevation: number
  /** 0 in the night, 1 by day, through dawn and dusk. */
  readonly daylight: number
  /** 1 when the sun is at the horizon, 0 by day and night. */
  readonly glow: number
  /** Solar hour, 12 at the highest. */
  readonly hour: number
}

/** The sun over E10, to a degree or so. */
export function sunAt(timeMs: number): Sun {
  const dayOfYear = (timeMs / 86_400_000) % 365.2422
  const declination = -23.44 * degree * Math.cos((2 * Math.PI * (dayOfYear + 10)) / 365.2422)
  const hour = localHour(timeMs) - solarDelayH
  const angle = (hour - 12) * 15 * degree
  const sine =
    Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(angle)
  const elevation = Math.asin(sine) / degree
  return {
    elevation,
    hour,
    daylight: Math.min(1, Math.max(0, (elevation + 7) / 14)),
    glow: Math.max(0, 1 - Math.abs(elevation - 1) / 9),
  }
}
