/** A data area taken apart: `;` separates items, `,` the parts of one. */
export interface Area {
  /** What belongs to no factor: DataTime, SystemTime, QN, ExeRtn. */
  readonly fields: ReadonlyMap<string, string>
  /** Parts by factor: `a21026` → `Rtd` → `12.5`. */
  readonly factors: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Names of factors and fields that can be read in more than one way: twice with two values, or in a malformed item. */
  readonly ambiguous: ReadonlySet<string>
  /** Pieces that are no `name=value`. */
  readonly malformed: number
  /** Whether it surely ends where an item ends, so that a next packet continues no number of it. */
  readonly isClosed: boolean
}

/**
 * Never guesses: an item with a piece that is no `name=value` may have had a decimal comma, so all of its factors are
 * ambiguous. The same part twice with the same value is taken.
 */
export function parseArea(text: string): Area {
  const fields = new Map<string, string>()
  const factors = new Map<string, Map<string, string>>()
  const ambiguous = new Set<string>()
  let malformed = 0
  for (const item of text.split(';')) {
    if (item.trim() === '') continue
    const names = new Set<string>()
    let whole = true
    for (const piece of item.split(',')) {
      const match = /^([^=]+)=([^=]*)$/s.exec(piece.trim())
      if (match === null) {
        malformed++
        whole = false
        continue
      }
      const [name, value] = [match[1]!.trim(), match[2]!.trim()]
      const dash = name.lastIndexOf('-')
      const factor = dash > 0 ? name.slice(0, dash) : undefined
      const [parts, part] =
        factor === undefined ? [fields, name] : [partsOf(factors, factor), name.slice(dash + 1)]
      names.add(factor ?? name)
      if (parts.has(part) && parts.get(part) !== value) ambiguous.add(factor ?? name)
      parts.set(part, value)
    }
    if (!whole) for (const name of names) ambiguous.add(name)
  }
  return { fields, factors, ambiguous, malformed, isClosed: /(;|-Flag=[A-Za-z0-9])\s*$/.test(text) }
}

function partsOf(factors: Map<string, Map<string, string>>, factor: string): Map<string, string> {
  let parts = factors.get(factor)
  if (parts === undefined) {
    parts = new Map()
    factors.set(factor, parts)
  }
  return parts
}

/** A decimal number as loggers print it; undefined for anything else, such as `1,5`, `0x1F`, `12.3mg` or nothing. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?$/.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
