import { columnLetter } from './workbook.ts'
import { escapeText } from './xml.ts'
import { writeZip } from './zip-writer.ts'

export interface WrittenCell {
  readonly text: string
  /** Written as a number; `text` is one. */
  readonly number?: boolean
  /** Shown as wrong. */
  readonly marked?: boolean
}

export interface WrittenSheet {
  readonly name: string
  /** Shown in bold and always in sight; `choices` are offered as a list in the cells below. */
  readonly columns: readonly {
    readonly heading: string
    readonly width: number
    readonly choices?: readonly string[]
  }[]
  readonly rows: readonly {
    /** Its number, growing, from 2; without: behind the one before. */
    readonly row?: number
    readonly cells: readonly WrittenCell[]
    /** Shown as a remark. */
    readonly remark?: boolean
  }[]
}

const styles = { text: 1, quoted: 2, heading: 3, marked: 4, remark: 5 } as const
/** What somebody who edits such a text would turn into a formula; marked as text for good. */
const dangerous = /^[=+\-@\t\r＝＋－＠]/
const offeredRows = 10_000
/** What Excel takes as a list in one formula. */
const maxListLength = 255

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

/** An .xlsx workbook (ECMA-376): every text is a text cell, never a formula, whatever it begins with. */
export function writeSpreadsheet(sheets: readonly WrittenSheet[]): Buffer {
  const names = sheets.map((_, i) => `xl/worksheets/sheet${i + 1}.xml`)
  return writeZip(
    new Map([
      ['[Content_Types].xml', contentTypes(names)],
      ['_rels/.rels', relationships([['officeDocument', 'xl/workbook.xml']])],
      ['xl/workbook.xml', workbookPart(sheets)],
      [
        'xl/_rels/workbook.xml.rels',
        relationships([
          ...names.map((name): [string, string] => ['worksheet', name.slice('xl/'.length)]),
          ['styles', 'styles.xml'],
        ]),
      ],
      ['xl/styles.xml', stylesPart],
      ...sheets.map((sheet, i): [string, string] => [names[i]!, sheetPart(sheet)]),
    ]),
  )
}

function contentTypes(sheets: readonly string[]): string {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
  const overrides = [
    ['xl/workbook.xml', 'sheet.main'],
    ['xl/styles.xml', 'styles'],
    ...sheets.map((name) => [name, 'worksheet']),
  ].map(([name, kind]) => `<Override PartName="/${name}" ContentType="${type}.${kind}+xml"/>`)
  return (
    `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    `<Default Extension="xml" ContentType="application/xml"/>${overrides.join('')}</Types>`
  )
}

function relationships(targets: readonly [type: string, target: string][]): string {
  const lines = targets.map(
    ([type, target], i) => `<Relationship Id="r${i + 1}" Type="${office}/${type}" Target="${target}"/>`,
  )
  return `${head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${lines.join('')}</Relationships>`
}

function workbookPart(sheets: readonly WrittenSheet[]): string {
  const lines = sheets.map(
    ({ name }, i) => `<sheet name="${escapeText(name)}" sheetId="${i + 1}" r:id="r${i + 1}"/>`,
  )
  return `${head}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${lines.join('')}</sheets></workbook>`
}

const stylesPart = `${head}<styleSheet xmlns="${main}">
<fonts count="4"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font><font><sz val="11"/><color rgb="FF9C0006"/><name val="Calibri"/></font><font><i/><sz val="11"/><color rgb="FF7F7F7F"/><name val="Calibri"/></font></fonts>
<fills count="4"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid"><fgColor rgb="FFE7EEEC"/></patternFill></fill><fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill></fill></fills>
<borders count="1"><border/></borders>
<cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="6"><xf xfId="0"/><xf numFmtId="49" applyNumberFormat="1" xfId="0"/><xf numFmtId="49" quotePrefix="1" applyNumberFormat="1" xfId="0"/><xf numFmtId="49" fontId="1" fillId="2" applyNumberFormat="1" applyFont="1" applyFill="1" xfId="0"/><xf numFmtId="49" fontId="2" fillId="3" applyNumberFormat="1" applyFont="1" applyFill="1" xfId="0"/><xf numFmtId="49" fontId="3" applyNumberFormat="1" applyFont="1" xfId="0"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>
</styleSheet>`

function sheetPart({ columns, rows }: WrittenSheet): string {
  const widths = columns.map(
    ({ width }, i) =>
      `<col min="${i + 1}" max="${i + 1}" width="${width}" style="${styles.text}" customWidth="1"/>`,
  )
  const headings = columns.map(({ heading }, i) =>
    cellXml(`${columnLetter(i)}1`, { text: heading }, styles.heading),
  )
  const lines = rows.map(({ cells, remark, row }, i) => {
    const at = row ?? i + 2
    const xml = cells.map((cell, column) => {
      const style = cell.marked ? styles.marked : remark ? styles.remark : undefined
      return cellXml(`${columnLetter(column)}${at}`, cell, style)
    })
    return `<row r="${at}">${xml.join('')}</row>`
  })
  const validations = columns.flatMap(({ choices = [] }, i) => {
    const list = `"${choices.join(',')}"`
    if (choices.length === 0 || list.length > maxListLength) return []
    const letter = columnLetter(i)
    return `<dataValidation type="list" allowBlank="1" sqref="${letter}2:${letter}${offeredRows}"><formula1>${escapeText(list)}</formula1></dataValidation>`
  })
  return (
    `${head}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
    `${widths.length > 0 ? `<cols>${widths.join('')}</cols>` : ''}<sheetData><row r="1">${headings.join('')}</row>${lines.join('')}</sheetData>` +
    `${validations.length > 0 ? `<dataValidations count="${validations.length}">${validations.join('')}</dataValidations>` : ''}</worksheet>`
  )
}

function cellXml(at: string, { text, number }: WrittenCell, style: number | undefined): string {
  if (text === '') return style === styles.marked ? `<c r="${at}" s="${style}"/>` : ''
  if (number && style === undefined) return `<c r="${at}"><v>${text}</v></c>`
  const shown = style ?? (dangerous.test(text) ? styles.quoted : styles.text)
  return `<c r="${at}" s="${shown}" t="inlineStr"><is><t xml:space="preserve">${escapeText(text)}</t></is></c>`
}
