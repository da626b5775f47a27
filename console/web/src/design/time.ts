/** The city's own time, wherever the browser stands. */
export const zone = 'Asia/Shanghai'

export type Unit = 's' | 'min' | 'h' | 'd'

/** An age as at most two figures, largest unit first, cut off (never rounded up, never negative). */
export function ageParts(ageMs: number): readonly { readonly n: number; readonly unit: Unit }[] {
  const s = Math.max(0, Math.floor(ageMs / 1_000))
  if (s < 60) return [{ n: s, unit: 's' }]
  const min = Math.floor(s / 60)
  if (min < 60) return min < 10 ? parts([min, 'min'], [s % 60, 's']) : [{ n: min, unit: 'min' }]
  const h = Math.floor(min / 60)
  if (h < 24) return parts([h, 'h'], [min % 60, 'min'])
  return parts([Math.floor(h / 24), 'd'], [h % 24, 'h'])
}

function parts(...all: readonly (readonly [number, Unit])[]): { n: number; unit: Unit }[] {
  return all.filter(([n], i) => i === 0 || n > 0).map(([n, unit]) => ({ n, unit }))
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatted(ms: number, key: string, options: Intl.DateTimeFormatOptions): string {
  let format = formats.get(key)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, hourCycle: 'h23', ...options })
    formats.set(key, format)
  }
  return format.format(ms)
}

/** `14:03:22` */
export function clockTime(ms: number): string {
  return formatted(ms, 'time', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

/** `14:03` */
export function shortTime(ms: number): string {
  return formatted(ms, 'short', { hour: '2-digit', minute: '2-digit' })
}

/** `2026-11-23` */
export function dayOf(ms: number): string {
  return formatted(ms, 'day', { year: 'numeric', month: '2-digit', day: '2-digit' })
}

/** Time alone for today, day and time otherwise. */
export function stamp(ms: number, nowMs: number): string {
  const day = dayOf(ms)
  return day === dayOf(nowMs) ? clockTime(ms) : `${day} ${shortTime(ms)}`
}
