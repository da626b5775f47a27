import { bounds } from './bounds.ts'
import { dayOfSerial, isDateFormat } from './dates.ts'
import { malformed, UnreadableFile } from './unreadable.ts'
import { type Cell, columnIndex, columnLetter, type Row, type Sheet } from './workbook.ts'
import { attribute, readXml, unescapeText } from './xml.ts'
import { ZipReader } from './zip-reader.ts'

interface Shared {
  readonly strings: readonly string[]
  /** By the number of a cell's style: whether it shows a day. */
  readonly dates: readonly boolean[]
  readonly epoch: 1900 | 1904
}

/**
 * The visible sheets of an .xlsx workbook (ECMA-376 SpreadsheetML, transitional and strict). Formulas are never computed:
 * what the program that saved the file computed is taken, as a plain value. Our own reader because those to be had either do not
 * bound what a part inflates to, or bound it at gigabytes, and none refuses an archive that hides something between its parts.
 * @throws UnreadableFile
 */
export function readSpreadsheet(bytes: Buffer): Sheet[] {
  const zip = ZipReader.open(bytes)
  const main = mainPart(zip)
  if (zip.has(resolve(main, 'vbaProject.bin')))
    throw new UnreadableFile('macro-workbook', {
      zh: '这是启用宏的工作簿，平台不接收宏。请另存为“Excel 工作簿（.xlsx）”再上传',
      en: 'This workbook has macros, which are not taken. Save it as .xlsx without macros',
    })
  const related = relations(zip, main)
  const { sheets, epoch } = readMain(zip, main)
  if (sheets.length > bounds.sheets)
    throw malformed(
      `有 ${sheets.length} 个工作表，至多 ${bounds.sheets} 个`,
      `${sheets.length} sheets, at most ${bounds.sheets} expected`,
    )
  const partOf = (type: string) => [...related.values()].find((one) => one.type === type)?.part
  const [strings, styles] = [partOf('sharedStrings'), partOf('styles')]
  const shared: Shared = {
    strings: strings === undefined ? [] : readStrings(zip, strings),
    dates: styles === undefined ? [] : readDateStyles(zip, styles),
    epoch,
  }
  let left: number = bounds.rows
  return sheets.flatMap(({ name, relation }) => {
    const target = related.get(relation)
    if (target?.type !== 'worksheet') return []
    const rows = readRows({ zip, part: target.part, sheet: name, shared, left })
    left -= rows.length
    return [{ name, rows }]
  })
}

/** The part that the package's relations name (ECMA-376 part 2). */
function mainPart(zip: ZipReader): string {
  const main = zip.has('_rels/.rels')
    ? [...relations(zip, '').values()].find(({ type }) => type === 'officeDocument')
    : undefined
  if (main === undefined || !zip.has(main.part) || !/\.xml$/.test(main.part))
    throw malformed('压缩包里没有 Excel 工作簿', 'the ZIP file holds no .xlsx workbook')
  return main.part
}

function relations(zip: ZipReader, of: string): Map<string, { type: string; part: string }> {
  const slash = of.lastIndexOf('/') + 1
  const found = new Map<string, { type: string; part: string }>()
  readXml('relations', zip.read(`${of.slice(0, slash)}_rels/${of.slice(slash)}.rels`), {
    open(name, { Id, Type, Target, TargetMode }) {
      if (name !== 'Relationship' || TargetMode === 'External') return
      if (Id !== undefined && Type !== undefined && Target !== undefined)
        found.set(Id, { type: Type.slice(Type.lastIndexOf('/') + 1), part: resolve(of, Target) })
    },
  })
  return found
}

/** Names only lead to parts of the archive, so `..` reaches nothing else. */
function resolve(from: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1)
  const path = from.split('/').slice(0, -1)
  for (const step of target.split('/')) {
    if (step === '..') path.pop()
    else if (step !== '.') path.push(step)
  }
  return path.join('/')
}

function readMain(zip: ZipReader, part: string) {
  const sheets: { name: string; relation: string }[] = []
  let epoch: Shared['epoch'] = 1900
  readXml(part, zip.read(part), {
    open(name, attributes) {
      if (name === 'workbookPr' && /^(1|true)$/.test(attributes.date1904 ?? '')) epoch = 1904
      if (name !== 'sheet' || (attributes.state ?? 'visible') !== 'visible') return
      const relation = attribute(attributes, 'id')
      if (relation !== undefined) sheets.push({ name: unescapeText(attributes.name ?? ''), relation })
    },
  })
  return { sheets, epoch }
}

function readStrings(zip: ZipReader, part: string): string[] {
  const strings: string[] = []
  const text = new TextCollector()
  readXml(part, zip.read(part), {
    open: (name) => text.open(name),
    text: (piece) => text.add(piece),
    close(name) {
      text.close(name)
      if (name === 'si') strings.push(text.take())
    },
  })
  return strings
}

/** Gathers what stands in `t` elements, without phonetic hints. */
class TextCollector {
  #text = ''
  #inText = false
  #phonetic = false

  open(name: string): void {
    if (name === 't') this.#inText = true
    if (name === 'rPh') this.#phonetic = true
  }

  add(piece: string): void {
    if (this.#inText && !this.#phonetic) this.#text += piece
  }

  close(name: string): void {
    if (name === 't') this.#inText = false
    if (name === 'rPh') this.#phonetic = false
  }

  take(): string {
    const text = unescapeText(this.#text)
    this.#text = ''
    return text
  }
}

function readDateStyles(zip: ZipReader, part: string): boolean[] {
  const custom = new Map<number, string>()
  const dates: boolean[] = []
  let inCells = false
  readXml(part, zip.read(part), {
    open(name, attributes) {
      if (name === 'cellXfs') inCells = true
      if (name === 'numFmt') custom.set(Number(attributes.numFmtId), attributes.formatCode ?? '')
      if (name !== 'xf' || !inCells) return
      const format = Number(attributes.numFmtId ?? 0)
      dates.push(isDateFormat(format, custom.get(format)))
    },
    close(name) {
      if (name === 'cellXfs') inCells = false
    },
  })
  return dates
}

interface RowsSource {
  readonly zip: ZipReader
  readonly part: string
  readonly sheet: string
  readonly shared: Shared
  /** Rows with content that may still come. */
  readonly left: number
}

function readRows({ zip, part, sheet, shared, left }: RowsSource): Row[] {
  const rows: Row[] = []
  const inline = new TextCollector()
  let row = 0
  let column = -1
  let cells: (Cell | undefined)[] = []
  let attributes: Readonly<Record<string, string>> = {}
  let value: string | undefined
  let formula = false
  let inValue = false
  readXml(part, zip.read(part), {
    open(name, given) {
      inline.open(name)
      if (name === 'row') {
        row = given.r === undefined ? row + 1 : Number(given.r)
        if (!Number.isInteger(row) || row < 1 || row > 1_048_576 || row <= (rows.at(-1)?.row ?? 0))
          throw malformed(`工作表“${sheet}”的行号错乱`, `the rows of sheet "${sheet}" are out of order`)
        column = -1
        cells = []
      } else if (name === 'c') {
        column = placeOf(given.r, row) ?? column + 1
        attributes = given
        value = undefined
        formula = false
      } else if (name === 'f') formula = true
      else if (name === 'v') {
        inValue = true
        value = ''
      }
    },
    text(piece) {
      inline.add(piece)
      if (inValue) value += piece
    },
    close(name) {
      inline.close(name)
      if (name === 'v') inValue = false
      else if (name === 'is') value = inline.take()
      else if (name === 'c') {
        const cell = cellOf({ type: attributes.t, style: attributes.s, value, formula }, shared)
        if (cell === undefined) return
        const where = `${columnLetter(column)}${row}`
        if (column >= bounds.columns || cell.text.length > bounds.cellText)
          throw malformed(
            `工作表“${sheet}”的 ${where}：至多 ${bounds.columns} 列，每格至多 ${bounds.cellText} 字`,
            `sheet "${sheet}", ${where}: at most ${bounds.columns} columns and ${bounds.cellText} characters a cell`,
          )
        if (cells[column] !== undefined)
          throw malformed(`工作表“${sheet}”的 ${where} 出现两次`, `sheet "${sheet}": ${where} appears twice`)
        cells[column] = cell
      } else if (name === 'row' && cells.length > 0) {
        if (rows.length >= left) throw tooManyRows()
        rows.push({ row, cells: Array.from(cells) })
      }
    },
  })
  return rows
}

export function tooManyRows(): UnreadableFile {
  return new UnreadableFile('too-many-rows', {
    zh: `超过 ${bounds.rows} 行。请分成几个文件上传`,
    en: `More than ${bounds.rows} rows. Upload several files`,
  })
}

function placeOf(reference: string | undefined, row: number): number | undefined {
  if (reference === undefined) return undefined
  const [, letters = '', digits] = /^([A-Z]{1,3})(\d{1,7})$/.exec(reference) ?? []
  const column = columnIndex(letters)
  if (column === undefined || Number(digits) !== row)
    throw malformed(`单元格位置 ${reference} 不成立`, `no cell can stand at ${reference}`)
  return column
}

interface RawCell {
  readonly type: string | undefined
  readonly style: string | undefined
  readonly value: string | undefined
  readonly formula: boolean
}

function cellOf({ type = 'n', style, value, formula }: RawCell, shared: Shared): Cell | undefined {
  if (value === undefined || (value === '' && type !== 's'))
    return formula ? { text: '', type: 'formula' } : undefined
  switch (type) {
    case 's': {
      const text = shared.strings[Number(value)]
      if (text === undefined) throw malformed('共享字符串缺失', 'a shared string is missing')
      return text === '' ? undefined : { text, type: 'text' }
    }
    case 'inlineStr':
      return { text: value, type: 'text' }
    case 'str':
      return { text: unescapeText(value), type: 'text' }
    case 'b':
      return { text: value === '1' || value === 'true' ? 'TRUE' : 'FALSE', type: 'boolean' }
    case 'e':
      return { text: value, type: 'error' }
    case 'd':
      return { text: value.replace(/T00:00(:00(\.0+)?)?Z?$/, ''), type: 'day' }
    default:
      return numberCell(value, shared.dates[Number(style ?? 0)] ?? false, shared.epoch)
  }
}

function numberCell(value: string, isDate: boolean, epoch: Shared['epoch']): Cell {
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number))
    throw malformed(`“${value.slice(0, 40)}”不是数字`, `"${value.slice(0, 40)}" is no number`)
  const day = isDate ? dayOfSerial(number, epoch) : undefined
  return day === undefined ? { text: String(number), type: 'number' } : { text: day, type: 'day' }
}
