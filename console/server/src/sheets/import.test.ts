import { type Change, type EntityKind, enterpriseCheck, entityKinds } from '@farwatch/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCsv, writeCsv } from './csv.ts'
import { exportSheets, templateSheets } from './export.ts'
import { readSheets } from './file.ts'
import { importSheets } from './import.ts'
import { kindFields, kinds } from './kinds.ts'
import { markedSheets } from './marked.ts'
import { MemoryRegistry } from './memory-registry.ts'
import { writeSpreadsheet } from './spreadsheet-writer.ts'
import type { Sheet } from './workbook.ts'

const actor = { account: 'a', name: 'A', via: 'session', from: null } as const
const rehearsal = { actor, may: () => true, reason: null, dryRun: true }
const real = { ...rehearsal, dryRun: false }

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
const name = fc.stringMatching(/^[\p{L}\p{N}_.:-]{1,20}$/u).filter((one) => one !== '__proto__')
const both = fc.record({ zh: text, en: text })
const day = fc.constantFrom('2026-01-01', '2027-12-31', '2024-02-29')
const number = fc.double({ noNaN: true, noDefaultInfinity: true })
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined })
const code = fc.constantFrom('340000', '341602', '341602001')
const phone = fc.stringMatching(/^[+\d][\d ()-]{0,20}$/)
const contacts = fc.array(fc.record({ name: text, role: fc.option(text, { nil: undefined }), phone }), {
  maxLength: 3,
})
const credit = fc.stringMatching(/^[0-9A-HJ-NPQRTUWXY]{17}$/).map((body) => body + enterpriseCheck(body))
const pair = fc.tuple(name, name).map((parts) => parts.join('/'))

/** Any value of each kind, as the registry may hold it. */
const anything: Partial<Record<EntityKind, fc.Arbitrary<{ id: string; value: unknown }>>> = {
  jurisdiction: fc.record({
    id: code,
    value: fc.record({ name: both, validFrom: maybe(day), successor: maybe(code) }),
  }),
  department: fc.record({ id: name, value: fc.record({ name: both, jurisdiction: code, contacts }) }),
  enterprise: fc.record({
    id: credit,
    value: fc.record({
      ...{
        name: both,
        jurisdiction: code,
        departments: fc.array(name, { maxLength: 3 }),
        industry: maybe(text),
      },
      ...{
        riskClass: maybe(fc.constantFrom('red', 'blue')),
        keyUnit: fc.boolean(),
        contacts,
        note: maybe(text),
      },
    }),
  }),
  point: fc.record({
    id: fc.tuple(fc.constant('E01'), name, name).map((parts) => parts.join('/')),
    value: fc.record({
      ...{ name: both, unit: fc.string({ maxLength: 8 }), scale: maybe(number), offset: maybe(number) },
      range: maybe(fc.tuple(number, number)),
    }),
  }),
  calibration: fc.record({
    id: name,
    value: fc.record({ device: pair, on: day, by: text, passed: fc.boolean(), note: maybe(text) }),
  }),
  officer: fc.record({
    id: name,
    value: fc.record({
      ...{ name: text, department: name, jurisdiction: code, certificate: text, certificateExpires: day },
      ...{ skills: fc.array(text, { maxLength: 3 }), phone: maybe(phone) },
    }),
  }),
}

const fill = async (changes: readonly Change[]) => {
  const desk = new MemoryRegistry()
  const site = { name: { zh: '一', en: 'one' }, latitude: 33, longitude: 115 }
  const { outcome } = await desk.change([{ kind: 'site', id: 'E01', expect: 0, value: site }, ...changes], {
    actor,
    reason: null,
  })
  expect(outcome).toBe('done')
  return desk
}

const someOf = (kind: EntityKind) =>
  fc.uniqueArray(anything[kind]!, { selector: ({ id }) => id, minLength: 1, maxLength: 3 })
const everything = fc
  .record(Object.fromEntries(Object.keys(anything).map((kind) => [kind, someOf(kind as EntityKind)])))
  .map((byKind) =>
    Object.entries(byKind).flatMap(([kind, all]) =>
      all.map(
        ({ id, value }): Change => ({
          kind: kind as EntityKind,
          id,
          expect: 0,
          value: JSON.parse(JSON.stringify(value)),
        }),
      ),
    ),
  )

describe('W1 export, then import', () => {
  test('W1 of a workbook changes nothing, in either language, whatever the registry holds', async () => {
    await fc.assert(
      fc.asyncProperty(everything, fc.constantFrom('zh', 'en'), async (changes, language) => {
        const desk = await fill(changes)
        const bytes = writeSpreadsheet(exportSheets(desk, { language, kinds, maySee: () => true }))
        const report = await importSheets(readSheets(bytes), desk, rehearsal)
        expect(report).toMatchObject({ outcome: 'ready', changes: 0, problems: [] })
        expect(report.sheets.reduce((sum, one) => sum + one.unchanged, 0)).toBe(changes.length + 1)
      }),
      { numRuns: 40 },
    )
  })

  test('W1 of CSV files changes nothing either; their kind is known by their headings', async () => {
    await fc.assert(
      fc.asyncProperty(everything, fc.constantFrom('zh', 'en'), async (changes, language) => {
        const desk = await fill(changes)
        for (const kind of Object.keys(anything) as EntityKind[]) {
          const [sheet] = exportSheets(desk, { language, kinds: [kindFields(kind)], maySee: () => true })
          const bytes = writeCsv([
            sheet!.columns.map(({ heading }) => heading),
            ...sheet!.rows.map(({ cells }) => cells.map((cell) => cell.text)),
          ])
          const report = await importSheets([{ name: '', rows: readCsv(bytes) }], desk, rehearsal)
          expect(report).toMatchObject({ outcome: 'ready', changes: 0, sheets: [{ kind }] })
        }
      }),
      { numRuns: 20 },
    )
  })

  test('W1 into an empty registry brings everything back', async () => {
    await fc.assert(
      fc.asyncProperty(everything, async (changes) => {
        // What people type is trimmed and full-width codes are narrowed; values that are so already come back exactly.
        const tidy = JSON.parse(JSON.stringify(changes), (_, one: unknown) =>
          typeof one === 'string' ? one.trim().replace(/[！-～\u3000]/g, '') || 'x' : one,
        ) as Change[]
        fc.pre(new Set(tidy.map(({ kind, id }) => kind + id)).size === tidy.length)
        const [desk, empty] = [await fill(tidy), new MemoryRegistry()]
        const bytes = writeSpreadsheet(exportSheets(desk, { language: 'zh', kinds, maySee: () => true }))
        expect(await importSheets(readSheets(bytes), empty, real)).toMatchObject({ outcome: 'done' })
        for (const kind of entityKinds)
          for (const { id, value } of desk.list(kind)) expect(empty.get(kind, id)?.value).toEqual(value)
      }),
      { numRuns: 40 },
    )
  })
})

test('W1 the template is an import of nothing: its examples are remarks; its headings are understood', async () => {
  for (const language of ['zh', 'en'] as const) {
    const sheets = readSheets(writeSpreadsheet(templateSheets(language)))
    const report = await importSheets(sheets, new MemoryRegistry(), rehearsal)
    expect(report).toMatchObject({ outcome: 'ready', changes: 0, problems: [] })
    expect(report.sheets.map(({ kind }) => kind)).toEqual([...entityKinds, null])
  }
})

test('W1 the examples of the template are values that are taken, once their sign is removed', async () => {
  const sheets = templateSheets('en')
    .slice(0, -1)
    .map((sheet) => ({
      ...sheet,
      rows: sheet.rows.map(({ cells }) => ({
        cells: cells.map(({ text: shown }) => ({ text: shown.replace(/^# /, '') })),
      })),
    }))
  const report = await importSheets(readSheets(writeSpreadsheet(sheets)), new MemoryRegistry(), rehearsal)
  expect(report.problems).toEqual([])
  expect(report.changes).toBe(kinds.length)
})

function sheet(named: string, rows: readonly (readonly string[])[]): Sheet {
  return {
    name: named,
    rows: rows.map((texts, i) => ({
      row: i + 1,
      cells: texts.map((one) => (one === '' ? undefined : { text: one, type: 'text' as const })),
    })),
  }
}

const sites = [
  '站点编号',
  '站点名称（中文）',
  '站点名称（英文）',
  '纬度（°）',
  '经度（°）',
  '站点类型',
  '行政区划代码',
]

describe('W1 mistakes', () => {
  test('W1 every one is told at once, by sheet, row and column, with what is expected', async () => {
    const report = await importSheets(
      [
        sheet('站点', [
          [...sites, '经纬度', '# 备注'],
          ['E01', '一号', 'one', '33,85', '115.78', '酒厂', '341602', '', 'x'],
          ['', '二号', 'two', '95', '115.78', '', '34160'],
          ['E03', '', 'three', '33.1', '115.78', '锅炉', '３４１６０２'],
          ['E03', '四号', 'four', '33.1', '115.78', 'Boiler', '341602'],
        ]),
        sheet('Devices', [
          ['Site id', 'Device id', 'Name (Chinese)', 'Name (English)'],
          ['E09', 'gas', '气体', 'gas'],
          ['E03', 'gas', '气体', 'gas'],
        ]),
        sheet('随笔', [['a']]),
      ],
      new MemoryRegistry(),
      real,
    )
    expect(report.outcome).toBe('refused')
    expect(
      report.problems.map(({ sheet: where, row, column, code: what }) => `${where} ${column}${row} ${what}`),
    ).toEqual([
      '站点 H1 unknown-heading',
      '站点 D2 bad-number',
      '站点 F2 bad-choice',
      '站点 A3 missing',
      '站点 D3 too_big',
      '站点 G3 invalid_format',
      '站点 B4 missing',
      '站点 A5 repeated',
      'Devices A2 unknown-reference',
    ])
    expect(report.problems[1]).toMatchObject({ found: '33,85', heading: '纬度（°）' })
    expect(report.problems[1]!.text.zh).toContain('数字')
    expect(report.sheets.at(-1)).toMatchObject({ sheet: '随笔', kind: null })
  })

  test('W1 headings: unknown, repeated and missing ones', async () => {
    const codes = async (headings: string[]) => {
      const report = await importSheets(
        [sheet('Sites', [headings, headings.map(() => 'x')])],
        new MemoryRegistry(),
        rehearsal,
      )
      return report.problems.filter(({ row }) => row !== 2).map(({ code: what, column }) => [what, column])
    }
    expect(await codes(['Site id', 'Latitde'])).toEqual([['unknown-heading', 'B']])
    expect(await codes(['Site id', 'site id *'])).toEqual([['repeated-heading', 'B']])
    expect(await codes(['Latitude', 'Longitude'])).toEqual([['missing-heading', null]])
  })

  test('W1 a formula without a value, the error of one, and a long code that was kept as a number are refused by their cell', async () => {
    const rows = [
      {
        row: 1,
        cells: ['统一社会信用代码', '企业名称（中文）', '企业名称（英文）', '行政区划代码'].map((one) => ({
          text: one,
          type: 'text' as const,
        })),
      },
      {
        row: 2,
        cells: [
          { text: '9.134160012345679e+16', type: 'number' as const },
          { text: '', type: 'formula' as const },
          { text: '#N/A', type: 'error' as const },
          { text: '341602', type: 'number' as const },
        ],
      },
    ]
    const { problems } = await importSheets([{ name: '企业', rows }], new MemoryRegistry(), rehearsal)
    expect(problems.map(({ code: what, column }) => [column, what])).toEqual([
      ['A', 'rounded-code'],
      ['B', 'formula'],
      ['C', 'error-value'],
    ])
  })

  test('W1 what is not in the file stays as it is; an emptied cell empties; only what differs is changed', async () => {
    const desk = await fill([
      {
        kind: 'device',
        id: 'E01/gas',
        expect: 0,
        value: { name: { zh: '气', en: 'gas' }, maker: 'm', serial: 's' },
      },
    ])
    const headings = ['站点编号', '设备编号', '厂家']
    const report = await importSheets([sheet('设备', [headings, ['E01', 'gas', '']])], desk, real)
    expect(report).toMatchObject({ outcome: 'done', changes: 1, sheets: [{ changed: 1, added: 0 }] })
    expect(desk.get('device', 'E01/gas')).toMatchObject({
      version: 2,
      value: { name: { zh: '气', en: 'gas' }, serial: 's' },
    })
    expect(desk.get('device', 'E01/gas')!.value).not.toHaveProperty('maker')
  })

  test('W1 limits without an id are known again by what they limit: importing twice adds nothing', async () => {
    const desk = await fill([])
    const limits = sheet('限值', [
      ['测点', '方向', '限值', '单位', '等级', '生效日期'],
      ['E01/gas/lel', '高于', '25', '%LEL', '红', '2026年1月1日'],
    ])
    expect(await importSheets([limits], desk, real)).toMatchObject({ outcome: 'done', changes: 1 })
    expect(await importSheets([limits], desk, real)).toMatchObject({ outcome: 'done', changes: 0 })
    expect(desk.list('limit').map(({ value }) => value)).toMatchObject([
      { value: 25, level: 'red', validFrom: '2026-01-01' },
    ])
  })

  test('W1 a change by somebody else between check and import is told, nothing is imported', async () => {
    const desk = await fill([])
    const table = sheet('站点', [sites, ['E01', '新名', 'new', '33', '115', '', '']])
    class Racing extends MemoryRegistry {
      override async change(...[changes, by]: Parameters<MemoryRegistry['change']>) {
        await super.change([{ ...changes[0]!, expect: 1 }], by)
        return super.change(changes, by)
      }
    }
    const racing = new Racing()
    await MemoryRegistry.prototype.change.call(
      racing,
      [{ kind: 'site', id: 'E01', expect: 0, value: desk.get('site', 'E01')!.value }],
      { actor, reason: null },
    )
    expect(await importSheets([table], racing, real)).toMatchObject({
      outcome: 'refused',
      problems: [{ code: 'conflict', row: 2, column: 'A' }],
    })
  })

  test('W1 the file comes back with its mistakes marked, and that file can be imported once mended', async () => {
    const table = [sheet('站点', [sites, ['E01', '一', 'one', 'north', '115', '', '']])]
    const desk = new MemoryRegistry()
    const report = await importSheets(table, desk, rehearsal)
    const marked = markedSheets(table, report, 'zh')
    expect(marked[0]!.rows[0]!.cells.map((cell) => cell.marked ?? false)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
    ])
    const again = readSheets(writeSpreadsheet(marked))
    expect(again[0]!.rows[1]!.cells.at(-1)?.text).toContain('数字')
    const mended = again.map((one) => ({
      ...one,
      rows: one.rows.map((row) => ({
        ...row,
        cells: row.cells.map((cell) =>
          cell?.text === 'north' ? { text: '33', type: 'number' as const } : cell,
        ),
      })),
    }))
    expect(await importSheets(mended, desk, real)).toMatchObject({ outcome: 'done', changes: 1 })
  })
})
