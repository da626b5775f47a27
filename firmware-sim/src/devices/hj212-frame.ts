/** What a report says of one factor: `-Rtd`, `-Avg` and the like as a display shows them, and its flag. */
export interface Item {
  readonly factor: string
  readonly parts: Readonly<Record<string, string>>
}

/** `DataTime=…;a21002-Rtd=80.1,a21002-Flag=N`, times as `YYYYMMDDhhmmss` of UTC+8. */
export function dataArea(timeMs: number, items: readonly Item[]): string {
  const pieces = items.map(({ factor, parts }) =>
    Object.entries({ ...parts, Flag: 'N' })
      .map(([part, text]) => `${factor}-${part}=${text}`)
      .join(','),
  )
  return [`DataTime=${localTime(timeMs)}`, ...pieces].join(';')
}

/** `##`, length, segment, check after annex A of HJ 212-2017, CRLF. */
export function frame(segment: string): string {
  let register = 0xffff
  for (const byte of Buffer.from(segment)) {
    register = (register >> 8) ^ byte
    for (let bit = 0; bit < 8; bit++) register = (register >> 1) ^ (register & 1 ? 0xa001 : 0)
  }
  const check = register.toString(16).toUpperCase().padStart(4, '0')
  return `##${String(segment.length).padStart(4, '0')}${segment}${check}\r\n`
}

/** `YYYYMMDDhhmmss` in Asia/Shanghai. */
export function localTime(timeMs: number): string {
  return new Date(timeMs + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14)
}
