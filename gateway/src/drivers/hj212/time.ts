/** HJ 212 carries no zone: times are those of China, UTC+8 (there has been no summer time since 1991). */
const zoneMs = 8 * 3_600_000
const firstYear = 1992

/** `YYYYMMDDhhmmss`, with or without milliseconds, as Unix milliseconds; undefined for anything that is no such moment. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?$/.exec(text)
  if (match === null || Number(match[1]) < firstYear) return undefined
  const [year, month, day, hour, minute, second, ms = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0)) as [number, number, number, number, number, number, number]
  const timeMs = Date.UTC(year, month - 1, day, hour, minute, second, ms) - zoneMs
  // The 31st of June becomes the 1st of July: only what comes out as it went in was a moment.
  return formatTime(timeMs) === text.slice(0, 14) ? timeMs : undefined
}

/** `YYYYMMDDhhmmss` of a moment. */
export function formatTime(timeMs: number): string {
  return formatTimeMs(timeMs).slice(0, 14)
}

/** `YYYYMMDDhhmmsszzz` of a moment, as in QN. */
export function formatTimeMs(timeMs: number): string {
  return new Date(timeMs + zoneMs).toISOString().replace(/\D/g, '')
}
