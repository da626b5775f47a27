const dayMs = 86_400_000

/** Built-in formats that show a day, those of East Asian editions too (ECMA-376, 18.8.30). */
function isBuiltIn(id: number): boolean {
  return (id >= 14 && id <= 17) || id === 22 || (id >= 27 && id <= 36) || (id >= 50 && id <= 58)
}

/** Whether a number format shows a day: year or day stand in its code outside quotes, brackets and escapes. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return isBuiltIn(id)
  const bare = code.replace(/"[^"]*"|\[[^\]]*\]|\\.|_.|\*./g, '')
  return !/general/i.test(bare) && /[yd]/i.test(bare)
}

/**
 * The day of a serial number: `2026-11-23`, with the time behind it where it has one. Undefined for one that is no day. The
 * calendar of 1900 counts a 29 February 1900 that never was (ECMA-376, 18.17.4.1).
 */
export function dayOfSerial(serial: number, epoch: 1900 | 1904): string | undefined {
  const days = Math.floor(serial)
  if (days < 1 || days > 2_958_465 || (epoch === 1900 && days === 60)) return undefined
  const first = epoch === 1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 60 ? 31 : 30)
  const iso = new Date(first + Math.round(serial * 86_400) * 1_000).toISOString()
  return Math.round((serial - days) * 86_400) === 0 ? iso.slice(0, 10) : iso.slice(0, 19)
}

/**
 * A day as people write it, as `2026-11-23`: also `2026/11/3`, `2026.11.3`, `2026年11月3日`, `20261103`. Undefined for what
 * is none; other orders are ambiguous.
 */
export function parseDay(text: string): string | undefined {
  const found =
    /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?$/.exec(text) ??
    /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (found === null) return undefined
  const [, year, month = '', day = ''] = found
  const iso = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const date = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.getTime() % dayMs === 0 && date.toISOString().startsWith(iso)
    ? iso
    : undefined
}
