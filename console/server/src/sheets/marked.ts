import type { ImportReport, SheetProblem } from '@farwatch/model'
import type { Language } from './export.ts'
import { remarkSign } from './headings.ts'
import type { WrittenCell, WrittenSheet } from './spreadsheet-writer.ts'
import { columnLetter, type Row, type Sheet } from './workbook.ts'

const words = {
  zh: { sheet: '工作表', row: '行', column: '列', heading: '列名', found: '填写值', problem: '问题' },
  en: {
    sheet: 'Sheet',
    row: 'Row',
    column: 'Column',
    heading: 'Heading',
    found: 'Found',
    problem: 'Problem',
  },
} as const

/** The report as rows of a CSV file, its headings first. */
export function reportRows({ problems }: ImportReport, language: Language): string[][] {
  const { sheet, row, column, heading, found, problem } = words[language]
  return [
    [sheet, row, column, heading, found, problem],
    ...problems.map((one) => [
      ...[one.sheet, one.row === null ? '' : String(one.row), one.column ?? '', one.heading ?? ''],
      ...[one.found, one.text[language]],
    ]),
  ]
}

/**
 * The same file once more with the mistakes marked: their cells in colour, what is wrong in a column at the end, which no import
 * reads. Rows keep their numbers.
 */
export function markedSheets(
  sheets: readonly Sheet[],
  { problems }: ImportReport,
  language: Language,
): WrittenSheet[] {
  return sheets.map(({ name, rows }, i) => {
    const own = problems.filter(({ sheet }) => sheet === name || (name === '' && i === 0))
    return markSheet({ name: name === '' ? words[language].sheet : name, rows }, own, language)
  })
}

function markSheet(
  { name, rows }: Sheet,
  problems: readonly SheetProblem[],
  language: Language,
): WrittenSheet {
  const byRow = Map.groupBy(problems, ({ row }) => row ?? 1)
  const width = Math.max(1, ...rows.map(({ cells }) => cells.length))
  const top = rows.find(({ row }) => row === 1)
  const heading = `${remarkSign} ${words[language].problem}`
  const whole = problemsText(byRow.get(1) ?? [], language)
  return {
    name,
    columns: [
      ...Array.from({ length: width }, (_, i) => ({ heading: top?.cells[i]?.text ?? '', width: 18 })),
      { heading: whole === '' ? heading : `${heading}\n${whole}`, width: 80 },
    ],
    rows: rows
      .filter(({ row }) => row > 1)
      .map((row) => {
        const own = byRow.get(row.row) ?? []
        const text = problemsText(own, language)
        return { row: row.row, cells: [...cellsOf(row, width, own), { text }] }
      }),
  }
}

function problemsText(problems: readonly SheetProblem[], language: Language): string {
  return problems.map(({ text, column }) => `${column ?? ''} ${text[language]}`.trim()).join('\n')
}

function cellsOf(row: Row, width: number, problems: readonly SheetProblem[]): WrittenCell[] {
  return Array.from({ length: width }, (_, i) => {
    const cell = row.cells[i]
    const marked = problems.some(({ column }) => column === columnLetter(i))
    return { text: cell?.text ?? '', number: cell?.type === 'number' && !marked, marked }
  })
}
