import type { Field, KindFields, SheetProblem } from '@farwatch/model'
import { kinds } from './kinds.ts'
import { halfWidth } from './values.ts'
import { columnLetter, type Row, type Sheet } from './workbook.ts'

/** A sheet of one kind, with what each of its columns means. */
export interface KindSheet {
  readonly name: string
  readonly fields: KindFields
  /** By column; undefined: not read. */
  readonly columns: readonly (Field | undefined)[]
  /** As they stand in the file. */
  readonly headings: readonly string[]
  /** Below the headings, without remarks. */
  readonly rows: readonly Row[]
  readonly problems: readonly SheetProblem[]
}

/** What begins with this is for people: a sheet by its name, a row by its first cell, a column by its heading. */
export const remarkSign = '#'

/** What a sheet holds, by its name or by the heading of its id; undefined: none of the registry's kinds. */
export function understandSheet(sheet: Sheet): KindSheet | undefined {
  if (sheet.name.startsWith(remarkSign)) return undefined
  const content = sheet.rows.filter(
    ({ cells }) => !cells.find((cell) => cell !== undefined)?.text.startsWith(remarkSign),
  )
  const [top, ...rows] = content
  if (top === undefined) return undefined
  const headings = Array.from(top.cells, (cell) => cell?.text.trim() ?? '')
  const fields =
    kinds.find(({ kind, label }) => [kind, label.zh, label.en].some((one) => same(one, sheet.name))) ??
    byHeadings(headings)
  if (fields === undefined) return undefined
  const all = [...fields.id, ...fields.fields]
  const columns = headings.map((heading) => all.find((field) => isHeadingOf(heading, field)))
  const name = sheet.name === '' ? fields.label.zh : sheet.name
  const problem = (column: number | null, code: string, text: SheetProblem['text']): SheetProblem => ({
    ...{
      sheet: name,
      row: column === null ? null : top.row,
      column: column === null ? null : columnLetter(column),
    },
    ...{ heading: null, found: column === null ? '' : (headings[column] ?? ''), code, text },
  })
  const problems = headings.flatMap((heading, i) => {
    if (heading === '' ? !rows.some(({ cells }) => cells[i] !== undefined) : heading.startsWith(remarkSign))
      return []
    const field = columns[i]
    if (field === undefined)
      return problem(i, 'unknown-heading', {
        zh: `不认识列名“${heading}”；请改为模板中的列名，或在列名前加 # 表示不读取`,
        en: `found a column "${heading}", expected one of the template's headings; a # in front leaves the column out`,
      })
    return columns.indexOf(field) === i
      ? []
      : problem(i, 'repeated-heading', {
          zh: `列“${heading}”出现两次；请删去其中一列`,
          en: `the column "${heading}" stands there twice; remove one`,
        })
  })
  for (const field of fields.idMade ? [] : fields.id) {
    if (!columns.includes(field))
      problems.push(
        problem(null, 'missing-heading', {
          zh: `缺少列“${field.label.zh}”；请加上这一列，或重新下载模板`,
          en: `the column "${field.label.en}" is missing; add it, or download the template anew`,
        }),
      )
  }
  return { name, fields, columns, headings, rows, problems }
}

/** The kind most of whose columns are there, those of its id among them. */
function byHeadings(headings: readonly string[]): KindFields | undefined {
  const isThere = (field: Field) => headings.some((heading) => isHeadingOf(heading, field))
  const [best] = kinds
    .filter(({ id, idMade, fields }) =>
      (idMade ? fields.filter((field) => field.required) : id).every(isThere),
    )
    .map((one) => ({ one, count: [...one.id, ...one.fields].filter(isThere).length }))
    .sort((a, b) => b.count - a.count)
  return best?.one
}

/** In either language, with or without its star and its unit. */
function isHeadingOf(heading: string, { label, path, unit }: Field): boolean {
  const bare = unit === undefined ? heading : heading.replace(new RegExp(`[（(]${unit}[）)]`), '')
  return [label.zh, label.en, path].some((one) => same(one, bare))
}

function same(a: string, b: string): boolean {
  return plain(a) === plain(b)
}

function plain(text: string): string {
  return halfWidth(text).replace(/[\s*]/g, '').toLowerCase()
}
