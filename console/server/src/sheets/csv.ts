import { bounds } from './bounds.ts'
import { tooManyRows } from './spreadsheet-reader.ts'
import { UnreadableFile } from './unreadable.ts'
import type { Cell, Row } from './workbook.ts'

/** A spreadsheet program would run a cell that begins so (OWASP, CSV injection); the full-width forms count in some. */
const dangerous = /^'*[=+\-@\t\r＝＋－＠]/
const plainNumber = /^-?\d+(\.\d+)?(e[+-]\d+)?$/

/** One row as RFC 4180 writes it. Texts that a spreadsheet program would run get an apostrophe in front. */
export function csvRow(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(text: string): string {
  if (text === '' || plainNumber.test(text)) return text
  return `"${(dangerous.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}

/** UTF-8 with the mark by which Excel knows it. */
export function writeCsv(rows: readonly (readonly string[])[]): Buffer {
  return Buffer.from(`\ufeff${rows.map(csvRow).join('')}`, 'utf8')
}

/**
 * The rows of a CSV file: UTF-8 or UTF-16 with their marks, UTF-8 without, else GB18030 as Chinese Excel saves; comma, semicolon
 * or tab between; RFC 4180 quotes. The apostrophe of `csvRow` is taken off again.
 * @throws UnreadableFile
 */
export function readCsv(bytes: Buffer): Row[] {
  const text = decode(bytes)
  const rows: Row[] = []
  let row = 0
  for (const texts of records(text, delimiterOf(text))) {
    row++
    if (texts.every((one) => one === '')) continue
    if (rows.length >= bounds.rows) throw tooManyRows()
    rows.push({ row, cells: texts.map(cellOf) })
  }
  return rows
}

function cellOf(text: string): Cell | undefined {
  if (text === '') return undefined
  return { text: text.startsWith("'") && dangerous.test(text) ? text.slice(1) : text, type: 'text' }
}

function decode(bytes: Buffer): string {
  const encodings = bytes[0] === 0xff && bytes[1] === 0xfe ? ['utf-16le'] : ['utf-8', 'gb18030']
  for (const encoding of encodings) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes)
    } catch {
      // The next one may fit.
    }
  }
  throw new UnreadableFile('unknown-encoding', {
    zh: '无法识别文件编码。请另存为“CSV UTF-8”或 .xlsx 再上传',
    en: 'The encoding is not known. Save the file as "CSV UTF-8" or as .xlsx',
  })
}

/** What stands most often in the first line outside quotes. */
function delimiterOf(text: string): string {
  const line = (/^[^\r\n]*/.exec(text)?.[0] ?? '').replace(/"[^"]*"/g, '')
  const counted = [',', ';', '\t'].map((one) => ({ one, count: line.split(one).length }))
  return counted.sort((a, b) => b.count - a.count)[0]?.one ?? ','
}

function* records(text: string, delimiter: string): Generator<string[]> {
  let cells: string[] = []
  let line = 1
  let at = 0
  while (at < text.length) {
    let cell: string
    if (text[at] === '"') {
      let end = at + 1
      for (;;) {
        end = text.indexOf('"', end)
        if (end === -1) throw unclosed(line)
        if (text[end + 1] !== '"') break
        end += 2
      }
      cell = text.slice(at + 1, end).replaceAll('""', '"')
      at = end + 1
      if (at < text.length && !isEnd(text, at, delimiter)) throw unclosed(line)
    } else {
      let end = at
      while (end < text.length && !isEnd(text, end, delimiter)) end++
      cell = text.slice(at, end)
      at = end
    }
    cells.push(cell)
    judge(cell, cells, line)
    if (text[at] === delimiter) {
      at++
      if (at === text.length) cells.push('')
      else if (text[at] === '\r' || text[at] === '\n') cells.push('')
      else continue
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++
    at++
    line++
    yield cells
    cells = []
  }
}

function isEnd(text: string, at: number, delimiter: string): boolean {
  const one = text[at]
  return one === delimiter || one === '\r' || one === '\n'
}

function judge(cell: string, cells: readonly string[], line: number): void {
  if (cell.length <= bounds.cellText && cells.length <= bounds.columns) return
  throw new UnreadableFile('malformed-csv', {
    zh: `第 ${line} 行：至多 ${bounds.columns} 列，每格至多 ${bounds.cellText} 字`,
    en: `Line ${line}: at most ${bounds.columns} columns and ${bounds.cellText} characters a cell`,
  })
}

function unclosed(line: number): UnreadableFile {
  return new UnreadableFile('malformed-csv', {
    zh: `第 ${line} 行的引号不成对。请用 Excel 或 WPS 打开后另存为 .xlsx 再上传`,
    en: `The quotes in line ${line} do not match. Open the file in a spreadsheet program and save it as .xlsx`,
  })
}
