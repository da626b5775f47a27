import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { expect, onTestFinished, test } from 'vitest'
import { templateSheets } from './export.ts'
import { readSheets } from './file.ts'
import { importSheets } from './import.ts'
import { MemoryRegistry } from './memory-registry.ts'
import { writeSpreadsheet } from './spreadsheet-writer.ts'

const actor = { account: 'a', name: 'A', via: 'session', from: null } as const

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'farwatch-sheets-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

test('W1 a template filled in by another program is imported, its dates and numbers; its formula is refused by its cell', async (context) => {
  const peer = skipWithoutPeer(context, 'openpyxl')
  const home = await folder()
  await writeFile(join(home, 'template.xlsx'), writeSpreadsheet(templateSheets('zh')))
  const script = `
import sys, datetime, openpyxl
book = openpyxl.load_workbook('template.xlsx')
assert book['企业']['A1'].value.startswith('统一社会信用代码'), book['企业']['A1'].value
assert len(book['站点'].data_validations.dataValidation) > 0
book['站点'].append(['E01', '一号', 'one', '酿酒', 33.85, 115.78, 'WGS-84', None, 341602])
book['设备'].append(['E01', 'gas', '气体', 'gas'])
book['测点'].append(['E01', 'gas', 'lel', '浓度', 'lel', '%LEL'])
sheet = book['限值']
sheet.append([None, 'E01/gas/lel', None, None, '高于', 25.5, '%LEL', '红', datetime.date(2026, 1, 1)])
sheet.cell(sheet.max_row, 9).number_format = 'yyyy-mm-dd'
sheet.append([None, 'E01/gas/lel', None, None, '高于', '=20+5', '%LEL', '橙', '2026-01-01'])
book.save('filled.xlsx')
`
  execFileSync(peer.path, ['-c', script], { cwd: home })
  const desk = new MemoryRegistry()
  const sheets = readSheets(await readFile(join(home, 'filled.xlsx')))
  const report = await importSheets(sheets, desk, { actor, may: () => true, reason: null, dryRun: true })
  expect(report.problems.map(({ sheet, row, column, code }) => [sheet, row, column, code])).toEqual([
    ['限值', 4, 'F', 'formula'],
  ])
  const without = sheets.map((sheet) => ({
    ...sheet,
    rows: sheet.rows.filter(({ row }) => sheet.name !== '限值' || row < 4),
  }))
  const done = await importSheets(without, desk, { actor, may: () => true, reason: null, dryRun: false })
  expect(done).toMatchObject({ outcome: 'done', changes: 4 })
  expect(desk.get('site', 'E01')?.value).toMatchObject({
    kind: 'distillery',
    latitude: 33.85,
    jurisdiction: '341602',
  })
  expect(desk.list('limit')[0]?.value).toMatchObject({ value: 25.5, level: 'red', validFrom: '2026-01-01' })
})

test('W6 another program reads texts that look like formulas as texts from our workbooks', async (context) => {
  const peer = skipWithoutPeer(context, 'openpyxl')
  const home = await folder()
  const texts = ['=1+1', '+1', '-1', '@SUM(1)', '\t=1', '=cmd|calc']
  const columns = [{ heading: 'h', width: 9 }]
  const rows = texts.map((text) => ({ cells: [{ text }] }))
  await writeFile(join(home, 'ours.xlsx'), writeSpreadsheet([{ name: 'S', columns, rows }]))
  const script = `
import json, openpyxl
sheet = openpyxl.load_workbook('ours.xlsx')['S']
print(json.dumps([[cell.value, cell.data_type, cell.quotePrefix] for cell in list(sheet.columns)[0][1:]]))
`
  const read: unknown = JSON.parse(execFileSync(peer.path, ['-c', script], { cwd: home, encoding: 'utf8' }))
  expect((read as [string, string][]).map(([value, type]) => [value, type])).toEqual(
    texts.map((text) => [text, expect.not.stringMatching(/^f$/)]),
  )
})
