import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bounds } from './bounds.ts'
import { readCsv, writeCsv } from './csv.ts'
import { dayOfSerial, isDateFormat, parseDay } from './dates.ts'
import { readSheets } from './file.ts'
import { writeSpreadsheet } from './spreadsheet-writer.ts'
import { columnIndex, columnLetter, type Sheet } from './workbook.ts'
import { writeZip } from './zip-writer.ts'

const textsOf = ([sheet]: readonly Sheet[]) =>
  sheet?.rows.map(({ cells }) => Array.from(cells, (cell) => cell?.text ?? ''))

function workbookOf(rows: readonly (readonly string[])[]): Buffer {
  const [top = [], ...rest] = rows
  return writeSpreadsheet([
    {
      name: 'Sheet',
      columns: top.map((heading) => ({ heading, width: 10 })),
      rows: rest.map((cells) => ({ cells: cells.map((text) => ({ text })) })),
    },
  ])
}

/** A workbook of other people's parts around one sheet. */
function handMade(sheetData: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  const rels = (lines: string) =>
    `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${lines}</Relationships>`
  return writeZip(
    new Map(
      Object.entries({
        '_rels/.rels': rels(
          `<Relationship Id="a" Type="${office}/officeDocument" Target="xl/workbook.xml"/>`,
        ),
        'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="S" sheetId="1" r:id="b"/></sheets></workbook>`,
        'xl/_rels/workbook.xml.rels': rels(
          `<Relationship Id="b" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="c" Type="${office}/styles" Target="/xl/styles.xml"/><Relationship Id="d" Type="${office}/sharedStrings" Target="sharedStrings.xml"/>`,
        ),
        'xl/styles.xml': `<styleSheet xmlns="${main}"><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`,
        'xl/sharedStrings.xml': `<sst xmlns="${main}"><si><r><t>rich </t></r><r><t>text</t></r><rPh><t>hint</t></rPh></si></sst>`,
        'xl/worksheets/sheet1.xml': `<x:worksheet xmlns:x="${main}"><x:sheetData>${sheetData}</x:sheetData></x:worksheet>`,
        ...more,
      }),
    ),
  )
}

function refusal(bytes: Buffer) {
  try {
    readSheets(bytes)
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'taken'
}

describe('workbooks', () => {
  test('W1 whatever text is written into a workbook is read from it again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 5 }), {
          minLength: 1,
          maxLength: 8,
        }),
        (rows) => {
          const read = readSheets(workbookOf([['h'], ...rows]))[0]!
          const expected = rows.map((cells) => [...cells])
          const found = expected.map((cells, i) =>
            cells.map((_, c) => read.rows.find(({ row }) => row === i + 2)?.cells[c]?.text ?? ''),
          )
          expect(found).toEqual(expected)
        },
      ),
    )
  })

  test('W1 cells of every type as other programs write them: shared and rich text, days, truth, formulas, errors', () => {
    const [sheet] = readSheets(
      handMade(
        '<x:row r="3"><x:c r="A3" t="s"><x:v>0</x:v></x:c><x:c r="C3" s="1"><x:v>46349</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c>' +
          '<x:c><x:f>A1</x:f></x:c><x:c><x:f>1+1</x:f><x:v>2</x:v></x:c><x:c t="e"><x:v>#REF!</x:v></x:c><x:c><x:v>0.1</x:v></x:c></x:row>',
      ),
    )
    expect(sheet).toEqual({
      name: 'S',
      rows: [
        {
          row: 3,
          cells: [
            { text: 'rich text', type: 'text' },
            undefined,
            { text: '2026-11-23', type: 'day' },
            { text: 'TRUE', type: 'boolean' },
            { text: '', type: 'formula' },
            { text: '2', type: 'number' },
            { text: '#REF!', type: 'error' },
            { text: '0.1', type: 'number' },
          ],
        },
      ],
    })
  })

  test('days by serial number in both calendars, and as people write them', () => {
    expect([
      dayOfSerial(1, 1900),
      dayOfSerial(59, 1900),
      dayOfSerial(60, 1900),
      dayOfSerial(61, 1900),
    ]).toEqual(['1900-01-01', '1900-02-28', undefined, '1900-03-01'])
    expect(dayOfSerial(46349.5, 1900)).toBe('2026-11-23T12:00:00')
    expect(dayOfSerial(44887, 1904)).toBe('2026-11-23')
    expect(
      ['2026/1/3', '2026年1月3日', '2026.01.03', '20260103', '2026-02-30', '3/1/2026'].map(parseDay),
    ).toEqual([...['2026-01-03', '2026-01-03', '2026-01-03', '2026-01-03'], ...[undefined, undefined]])
    expect([isDateFormat(14, undefined), isDateFormat(164, '0.00"d"'), isDateFormat(164, 'm/d/yy')]).toEqual([
      true,
      false,
      true,
    ])
    expect([0, 25, 26, 701, 702].map((one) => columnIndex(columnLetter(one)))).toEqual([0, 25, 26, 701, 702])
  })
})

describe('CSV', () => {
  test('W1 whatever text is written into a CSV file is read from it again', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 })
    const risky = fc.tuple(fc.constantFrom(...'=+-@\t\r＝\'"'), text).map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.oneof(text, risky), { minLength: 2, maxLength: 4 }), { minLength: 1 }),
        (rows) => {
          const read = readCsv(writeCsv(rows))
          rows.forEach((cells, i) => {
            const found = read.find(({ row }) => row === i + 1)?.cells ?? []
            expect(cells.map((_, c) => found[c]?.text ?? '')).toEqual(cells)
          })
        },
      ),
    )
  })

  test('W6 nothing that a spreadsheet would run is written bare: = + - @ tab and CR get an apostrophe, also full-width', () => {
    for (const sign of ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
      const text = `${sign}cmd|' /C calc'!A0`
      expect(writeCsv([[text]]).toString('utf8')).toBe(`\ufeff"'${text}"\r\n`)
    }
    expect(writeCsv([['-5.2', '=1', "'=1"]]).toString('utf8')).toBe(`\ufeff-5.2,"'=1","''=1"\r\n`)
  })

  test('W6 a workbook holds such texts as texts, not as formulas', () => {
    const bytes = workbookOf([['h'], ['=HYPERLINK("http://evil")'], ['@SUM(1)']])
    expect(textsOf(readSheets(bytes))).toEqual([['h'], ['=HYPERLINK("http://evil")'], ['@SUM(1)']])
    expect(refusal(bytes)).toBe('taken')
  })

  test('W1 GB18030, UTF-16 and UTF-8 with and without its mark; commas, semicolons and tabs', () => {
    const gb = Buffer.from([0xd5, 0xbe, 0xb5, 0xe3, 0x2c, 0x61, 0x0d, 0x0a])
    expect(textsOf(readSheets(gb))).toEqual([['站点', 'a']])
    expect(textsOf(readSheets(Buffer.from('\ufeff站点;a', 'utf16le')))).toEqual([['站点', 'a']])
    expect(textsOf(readSheets(Buffer.from('站点\ta\n')))).toEqual([['站点', 'a']])
    expect(textsOf(readSheets(Buffer.from('\ufeff"站,""点""",a\rb,\r')))).toEqual([
      ['站,"点"', 'a'],
      ['b', ''],
    ])
    expect(refusal(Buffer.from('"open,a\n1'))).toBe('malformed-csv')
    expect(refusal(Buffer.from([0x61, 0xff, 0x80, 0x2c]))).toBe('unknown-encoding')
  })
})

describe('W6 hostile files', () => {
  const bomb = handMade('', { 'xl/worksheets/sheet1.xml': ' '.repeat(40_000_000) })

  test('W6 a zip bomb is refused by its stated sizes, before anything is inflated', () => {
    expect(bomb.length).toBeLessThan(100_000)
    expect(refusal(bomb)).toBe('zip-bomb')
    const many = Object.fromEntries(Array.from({ length: bounds.entries }, (_, i) => [`x${i}`, '']))
    expect(refusal(handMade('', many))).toBe('zip-bomb')
    const total = Object.fromEntries(Array.from({ length: 110 }, (_, i) => [`x${i}`, 'ab'.repeat(500_000)]))
    expect(refusal(handMade('', total))).toBe('zip-bomb')
  })

  test('W6 one that lies about its sizes is refused while it inflates', () => {
    const lying = Buffer.from(bomb)
    const name = Buffer.from('xl/worksheets/sheet1.xml')
    const central = lying.lastIndexOf(name) - 46
    expect(lying.readUInt32LE(central)).toBe(0x02014b50)
    lying.writeUInt32LE(1_000, central + 24)
    expect(refusal(lying)).toBe('zip-bomb')
  })

  test('W6 parts that overlap, repeat or hide something between them are refused', () => {
    const plain = handMade('')
    const end = plain.length - 22
    const directory = plain.readUInt32LE(end + 16)
    const overlapping = Buffer.from(plain)
    const second = overlapping.indexOf(Buffer.from([0x50, 0x4b, 1, 2]), directory + 4)
    overlapping.writeUInt32LE(0, second + 42)
    expect(refusal(overlapping)).toBe('malformed-workbook')
    const hidden = Buffer.concat([
      plain.subarray(0, directory),
      Buffer.from('<script>'),
      plain.subarray(directory),
    ])
    hidden.writeUInt32LE(directory + 8, hidden.length - 22 + 16)
    expect(refusal(hidden)).toBe('malformed-workbook')
    expect(refusal(Buffer.concat([plain, Buffer.from('<html>')]))).toBe('malformed-workbook')
  })

  test('W6 polyglots and other formats are refused, each with what to do', () => {
    const cases: [Buffer, string][] = [
      [Buffer.concat([Buffer.from('<html><script>'), handMade('')]), 'not-a-sheet'],
      [Buffer.concat([Buffer.from('GIF89a;'), handMade('')]), 'not-a-sheet'],
      [Buffer.from('%PDF-1.7\n1 0 obj'), 'not-a-sheet'],
      [Buffer.from('<?xml version="1.0"?><html/>'), 'not-a-sheet'],
      [Buffer.from('MZ\x90\x00\x03'), 'not-a-sheet'],
      [Buffer.from('a,b\n\x001,2'), 'not-a-sheet'],
      [Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0]), 'old-workbook'],
      [
        Buffer.concat([Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), Buffer.from('EncryptedPackage', 'utf16le')]),
        'encrypted-workbook',
      ],
      [handMade('', { 'xl/vbaProject.bin': 'x' }), 'macro-workbook'],
      [writeZip(new Map([['word/document.xml', '<a/>']])), 'malformed-workbook'],
      [Buffer.alloc(bounds.fileBytes + 1, 'a'), 'too-large'],
      [Buffer.alloc(0), 'taken'],
    ]
    for (const [bytes, code] of cases)
      expect([bytes.subarray(0, 20).toString('latin1'), refusal(bytes)]).toEqual([
        bytes.subarray(0, 20).toString('latin1'),
        code,
      ])
  })

  test('W6 document types (billion laughs), bad XML, rows and columns without end are refused', () => {
    const laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    expect(refusal(handMade('', { 'xl/worksheets/sheet1.xml': laughs }))).toBe('malformed-workbook')
    expect(refusal(handMade('<x:row'))).toBe('malformed-workbook')
    expect(refusal(handMade('<x:row r="1"><x:c r="XFD1"><x:v>1</x:v></x:c></x:row>'))).toBe(
      'malformed-workbook',
    )
    expect(
      refusal(handMade('<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="A1"><x:v>1</x:v></x:c></x:row>')),
    ).toBe('malformed-workbook')
    expect(refusal(handMade('<x:row r="2"><x:c><x:v>1</x:v></x:c></x:row><x:row r="1"/>'))).toBe(
      'malformed-workbook',
    )
    expect(refusal(Buffer.from('a\n'.repeat(bounds.rows + 1)))).toBe('too-many-rows')
    expect(refusal(Buffer.from(`${'a'.repeat(bounds.cellText + 1)}\n`))).toBe('malformed-csv')
  })

  test('W6 no bytes whatever bring the reader down', () => {
    const whole = handMade('<x:row><x:c t="s"><x:v>0</x:v></x:c></x:row>')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, bytes) => {
        const torn = Buffer.from(whole)
        torn.set(bytes.subarray(0, torn.length - at), at)
        expect(refusal(torn)).toMatch(
          /^(taken|zip-bomb|[a-z]+-workbook|not-a-sheet|unknown-encoding|malformed-csv)$/,
        )
        expect(refusal(whole.subarray(0, at))).toMatch(/^[a-z-]+$/)
      }),
      { numRuns: 300 },
    )
  })

  test('W6 a part that is not what its checksum says is refused', () => {
    const bytes = handMade('<x:row><x:c><x:v>1</x:v></x:c></x:row>')
    const torn = Buffer.from(bytes)
    const central = torn.lastIndexOf(Buffer.from('xl/worksheets/sheet1.xml')) - 46
    torn.writeUInt32LE((torn.readUInt32LE(central + 16) ^ 1) >>> 0, central + 16)
    expect(refusal(torn)).toBe('malformed-workbook')
  })
})
