import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type Change,
  type ChangeProblem,
  type Entity,
  type EntityKind,
  entities,
  type Field,
  type RegistryDesk,
  type SheetProblem,
  type SheetSummary,
} from '@farwatch/model'
import { valueAt, withValueAt } from '@farwatch/model/field-paths'
import { type KindSheet, understandSheet } from './headings.ts'
import { formatCell, parseCell } from './values.ts'
import { columnLetter, type Row, type Sheet } from './workbook.ts'

/** A row that says something else than the registry, or that cannot be read. */
interface Line {
  readonly sheet: KindSheet
  readonly row: Row
  readonly change: Change
  /** Columns whose cells cannot be read. */
  readonly faulty: ReadonlySet<number>
}

/** What the sheets of a file would change. */
export interface SheetChanges {
  readonly changes: readonly Change[]
  readonly summaries: readonly SheetSummary[]
  /** What is wrong already without asking the registry. */
  readonly problems: readonly SheetProblem[]
  /** Where a problem of the registry's stands in the file; undefined where that cell's problem is told already. */
  place(problem: ChangeProblem): SheetProblem | undefined
}

/** Rows that are looked at before others get their turn. */
const rowsPerTurn = 500

/** Rows become changes: what the registry holds under the same id is changed, what it does not hold is new. */
export async function rowsToChanges(sheets: readonly Sheet[], desk: RegistryDesk): Promise<SheetChanges> {
  const lines: Line[] = []
  const summaries: SheetSummary[] = []
  const problems: SheetProblem[] = []
  const seen = new Map<string, string>()
  const known = new KnownByContent(desk)
  let looked = 0
  for (const sheet of sheets) {
    const understood = understandSheet(sheet)
    if (understood === undefined) {
      if (sheet.rows.length > 0)
        summaries.push({
          sheet: sheet.name,
          kind: null,
          rows: sheet.rows.length,
          added: 0,
          changed: 0,
          unchanged: 0,
        })
      continue
    }
    problems.push(...understood.problems)
    const { kind } = understood.fields
    const count = { added: 0, changed: 0, unchanged: 0 }
    // Without its id nothing in a sheet can be told apart.
    const usable = understood.problems.every(({ code }) => code !== 'missing-heading')
    for (const row of usable ? understood.rows : []) {
      if (++looked % rowsPerTurn === 0) await nextTurn()
      const read = readRow(understood, row, { desk, known })
      problems.push(...read.problems)
      const key = `${kind}:${read.change.id}`
      const before = read.change.id === '' ? undefined : seen.get(key)
      const faulty = new Set(read.faulty)
      if (before !== undefined) {
        problems.push(repeated(understood, row, before))
        faulty.add(understood.columns.indexOf(understood.fields.id[0]))
      }
      seen.set(key, `${understood.name} ${row.row}`)
      if (read.same) count.unchanged++
      else {
        lines.push({ sheet: understood, row, change: read.change, faulty })
        count[read.change.expect === 0 ? 'added' : 'changed']++
      }
    }
    summaries.push({ sheet: understood.name, kind, rows: understood.rows.length, ...count })
  }
  return {
    changes: lines.map(({ change }) => change),
    summaries,
    problems,
    place: (problem) => placeOf(problem, lines[problem.line]!),
  }
}

interface ReadRow {
  readonly change: Change
  readonly faulty: ReadonlySet<number>
  readonly problems: readonly SheetProblem[]
  /** Whether the registry says the same already. */
  readonly same: boolean
}

function readRow(
  sheet: KindSheet,
  row: Row,
  { desk, known }: { desk: RegistryDesk; known: KnownByContent },
): ReadRow {
  const { kind, id: idFields, fields } = sheet.fields
  const problems: SheetProblem[] = []
  const faulty = new Set<number>()
  const columnOf = new Map(sheet.columns.map((field, i) => [field, i]))
  const read = (field: Field): unknown => {
    const column = columnOf.get(field)
    if (column === undefined) return undefined
    const cell = row.cells[column]
    const parsed = parseCell(field, cell)
    if ('value' in parsed) return parsed.value
    faulty.add(column)
    problems.push(cellProblem(sheet, { row, column, code: parsed.code, expected: parsed.expected }))
    return undefined
  }

  const given = idFields.map((field) => String(read(field) ?? ''))
  const namedId = given.every((part) => part === '') ? '' : given.join('/')
  // An id that is held as it was written stays, even where reading would have made half-width letters of it.
  const written = idFields.map((field) => row.cells[columnOf.get(field) ?? -1]?.text ?? '').join('/')
  let current = namedId === '' ? undefined : (desk.get(kind, written) ?? desk.get(kind, namedId))
  let value: unknown = current?.value
  for (const field of fields) {
    const column = columnOf.get(field)
    if (column === undefined) continue
    const text = row.cells[column]?.text ?? ''
    // What was exported and not touched stays exactly as it is, whatever reading would make of it.
    if (current !== undefined && isAsWritten(field, valueAt(current.value, field.path), text)) continue
    value = withValueAt(value, field.path, read(field))
  }
  value ??= {}
  if (namedId === '' && sheet.fields.idMade) current = known.find(kind, value)
  const id = current?.id ?? namedId
  const change: Change = { kind, id, expect: current?.version ?? 0, value }
  return {
    change,
    faulty,
    problems,
    same: faulty.size === 0 && current !== undefined && says(current, value),
  }
}

function isAsWritten(field: Field, value: unknown, text: string): boolean {
  return text === formatCell(field, value, 'zh') || text === formatCell(field, value, 'en')
}

function says({ kind, value }: Entity, other: unknown): boolean {
  const parsed = entities[kind].safeParse(other)
  return parsed.success && canonical(parsed.data) === canonical(value)
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}

/** What has a made id is known again by what makes it the same thing, so that a file imported twice adds nothing. */
class KnownByContent {
  readonly #desk: RegistryDesk
  readonly #byContent = new Map<EntityKind, Map<string, Entity>>()

  constructor(desk: RegistryDesk) {
    this.#desk = desk
  }

  find(kind: EntityKind, value: unknown): Entity | undefined {
    let found = this.#byContent.get(kind)
    if (found === undefined) {
      found = new Map(this.#desk.list(kind).map((entity) => [contentKey(kind, entity.value), entity]))
      this.#byContent.set(kind, found)
    }
    return found.get(contentKey(kind, value))
  }
}

const identifying: Partial<Readonly<Record<EntityKind, readonly string[]>>> = {
  limit: ['point', 'outlet', 'parameter', 'side', 'level', 'validFrom'],
  calibration: ['device', 'on'],
  review: ['device', 'number'],
}

function contentKey(kind: EntityKind, value: unknown): string {
  return JSON.stringify((identifying[kind] ?? []).map((path) => valueAt(value, path) ?? null))
}

function cellProblem(
  sheet: KindSheet,
  { row, column, code, expected }: { row: Row; column: number; code: string; expected: SheetProblem['text'] },
): SheetProblem {
  const found = row.cells[column]?.text ?? ''
  const [zh, en] = found === '' ? ['空', 'nothing'] : [`“${shorten(found)}”`, `"${shorten(found)}"`]
  return {
    ...place(sheet, row, column),
    code,
    text: { zh: `填写值：${zh}；要求：${expected.zh}`, en: `found ${en}, expected ${expected.en}` },
  }
}

function place(sheet: KindSheet, row: Row, column: number | undefined) {
  return {
    ...{ sheet: sheet.name, row: row.row },
    column: column === undefined ? null : columnLetter(column),
    heading: column === undefined ? null : (sheet.headings[column] ?? null),
    found: column === undefined ? '' : shorten(row.cells[column]?.text ?? ''),
  }
}

function placeOf(
  { path, code, zh, en }: ChangeProblem,
  { sheet, row, faulty }: Line,
): SheetProblem | undefined {
  const field = path === '' ? undefined : fieldAt(sheet, path)
  const column = field === undefined ? -1 : sheet.columns.indexOf(field)
  if (faulty.has(column)) return undefined
  return { ...place(sheet, row, column === -1 ? undefined : column), code, text: { zh, en } }
}

/** The field of a path, of something within it, or the first within the path; those with a column first. */
function fieldAt(sheet: KindSheet, path: string): Field | undefined {
  const all = [...sheet.fields.id, ...sheet.fields.fields]
  const matching = all.filter(
    (field) => field.path === path || path.startsWith(`${field.path}.`) || field.path.startsWith(`${path}.`),
  )
  return matching.find((field) => sheet.columns.includes(field)) ?? matching[0]
}

function repeated(sheet: KindSheet, row: Row, before: string): SheetProblem {
  const column = sheet.columns.indexOf(sheet.fields.id[0])
  return {
    ...place(sheet, row, column === -1 ? undefined : column),
    code: 'repeated',
    text: {
      zh: `与 ${before} 行的编号相同；请改为另一个编号，或删去其中一行`,
      en: `the same id stands in ${before} already; give another id, or remove one of the rows`,
    },
  }
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
