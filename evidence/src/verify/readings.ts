import { lineOf, type Row, rowFields, rowHeader, rowOf } from '../export/rows.ts'
import { type Finding, placeOfSource } from './finding.ts'

/** The readings file of one part, by the source that each row names. */
export class ReadingsFile {
  readonly #entry: string
  readonly #text: string
  #rows: Map<string, Row[]> | undefined

  constructor(entry: string, text: string) {
    this.#entry = entry
    this.#text = text
  }

  /** Rows that name this source, in order. */
  of(source: string): readonly Row[] {
    if (this.#rows === undefined) {
      this.#rows = new Map()
      for (const line of this.#text.split('\n').slice(1)) {
        const row = rowOf(line)
        if (row === undefined) continue
        const rows = this.#rows.get(row.source)
        if (rows) rows.push(row)
        else this.#rows.set(row.source, [row])
      }
    }
    return this.#rows.get(source) ?? []
  }

  /**
   * Compares with the rows that the originals give. Rows of sources in `told`, about which something worse was said, are
   * passed over.
   */
  compare(expected: readonly Row[], told: ReadonlySet<string>): Finding[] {
    const wanted = expected.map(lineOf)
    if (this.#text === `${[rowHeader, ...wanted].join('\n')}\n`) return []
    const [header, ...lines] = this.#text.split('\n')
    const last = lines.pop()
    const findings: Finding[] = []
    const add = (finding: Omit<Finding, 'entry'>) => findings.push({ ...finding, entry: this.#entry })
    if (header !== rowHeader) add({ code: 'csv-form', line: 1, found: shown(header), expected: rowHeader })
    if (last !== undefined && last !== '') lines.push(last)
    const { missing, extra } = difference(wanted, lines)
    const sources = new Set(expected.map(({ source }) => source))
    for (const index of [...missing]) {
      const row = expected[index]!
      const twin = twinOf(row, { index, lines, extra })
      if (twin === undefined) continue
      missing.delete(index)
      extra.delete(twin)
      for (const difference of differences(row, lines[twin]!)) {
        add({ code: 'csv-value', line: twin + 2, ...readingOf(row), ...difference })
      }
    }
    for (const index of missing)
      add({ code: 'csv-missing', ...readingOf(expected[index]!), expected: expected[index]!.value })
    const known = new Set(wanted)
    for (const index of extra) {
      const line = lines[index]!
      const row = rowOf(line)
      if (row === undefined) add({ code: 'csv-form', line: index + 2, found: shown(line) })
      else if (known.has(line))
        add({ code: 'csv-repeated', line: index + 2, ...readingOf(row), found: row.value })
      else if (!told.has(row.source)) {
        const detail = sources.has(row.source) ? undefined : 'no-original'
        add({ code: 'csv-added', line: index + 2, ...readingOf(row), found: row.value, detail })
      }
    }
    const passed = lines.some((line) => told.has(rowOf(line)?.source ?? ''))
    if (findings.length === 0 && !passed) add({ code: last === '' ? 'csv-order' : 'csv-form' })
    return findings
  }
}

/** Indexes of lines that only one side has; doubles count. */
function difference(wanted: readonly string[], lines: readonly string[]) {
  const counts = new Map<string, number[]>()
  for (const [index, line] of wanted.entries()) {
    const places = counts.get(line)
    if (places) places.push(index)
    else counts.set(line, [index])
  }
  const extra = new Set<number>()
  for (const [index, line] of lines.entries()) {
    if (counts.get(line)?.shift() === undefined) extra.add(index)
  }
  return { missing: new Set([...counts.values()].flat().sort((a, b) => a - b)), extra }
}

/** The line that was this row before it was changed: of the same reading, or in the same place and alike. */
function twinOf(
  row: Row,
  { index, lines, extra }: { index: number; lines: readonly string[]; extra: ReadonlySet<number> },
): number | undefined {
  for (const other of extra) {
    const found = rowOf(lines[other]!)
    if (found?.source === row.source && found.point === row.point && found.time === row.time) return other
  }
  const inPlace = extra.has(index) ? lines[index] : undefined
  const found = inPlace === undefined ? undefined : rowOf(inPlace)
  if (inPlace === undefined) return undefined
  if (found === undefined) return isAlike(inPlace, lineOf(row)) ? index : undefined
  return rowFields.filter((field) => found[field] === row[field]).length >= rowFields.length - 2
    ? index
    : undefined
}

/** Whether two lines differ in a few characters only. */
function isAlike(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 4) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  return start + end >= b.length - 8
}

function differences(row: Row, line: string): Pick<Finding, 'field' | 'found' | 'expected'>[] {
  const found = rowOf(line)
  if (found === undefined) return [{ field: 'line', found: shown(line), expected: lineOf(row) }]
  return rowFields
    .filter((field) => found[field] !== row[field])
    .map((field) => ({ field, found: shown(found[field]), expected: row[field] }))
}

export function readingOf(row: Row): Pick<Finding, 'gateway' | 'chain' | 'seq' | 'index' | 'point' | 'time'> {
  return { ...placeOfSource(row.source), point: row.point, time: row.time }
}

function shown(text: string | undefined): string {
  return (text ?? '').slice(0, 200)
}
