import { execFileSync } from 'node:child_process'
import { enterpriseCheck } from '@farwatch/model'

type Cell = string | number | null
export type Workbook = Readonly<Record<string, readonly (readonly Cell[])[]>>

export interface Mistake {
  /** Sheet and cell, `站点!E7`. */
  readonly at: string
  readonly value: Cell
}

const counties = ['341602', '341621', '341622', '341623']
const two = (n: number, digits = 3) => String(n).padStart(digits, '0')

/** A valid unified social credit code of its own for each number. */
function codeOf(n: number): string {
  const body = `91341600MA2D${two(n, 5)}`
  return body + enterpriseCheck(body)
}

/** What a department's list may look like: enterprises with a site and a device each, points over them, some limits. */
export function cityWorkbook({ enterprises, points }: { enterprises: number; points: number }): Workbook {
  const all = Array.from({ length: enterprises }, (_, i) => i)
  const county = (i: number) => counties[i % counties.length]!
  return {
    企业: [
      [
        '统一社会信用代码',
        '企业名称（中文）',
        '企业名称（英文）',
        '行政区划代码',
        '风险等级',
        '重点单位',
        '联系人',
      ],
      ...all.map((i) => [
        ...[codeOf(i), `示范企业${two(i)}`, `Example enterprise ${two(i)}`, Number(county(i))],
        ...[
          ['红', '橙', '黄', '蓝'][i % 4]!,
          i % 3 === 0 ? '是' : '否',
          `王${two(i)}|安全员|138000${two(i, 5)}`,
        ],
      ]),
    ],
    站点: [
      [
        '站点编号',
        '站点名称（中文）',
        '站点名称（英文）',
        '站点类型',
        '纬度（°）',
        '经度（°）',
        '所属企业',
        '行政区划代码',
      ],
      ...all.map((i) => [
        ...[`D${two(i)}`, `示范站点${two(i)}`, `Example site ${two(i)}`, ['酿酒', '化工', '仓储'][i % 3]!],
        ...[33 + (i % 20) / 20, 115.5 + Math.floor(i / 20) / 15, codeOf(i), county(i)],
      ]),
    ],
    设备: [
      ['站点编号', '设备编号', '设备名称（中文）', '设备名称（英文）'],
      ...all.map((i) => [`D${two(i)}`, 'plc', '控制柜', 'Control cabinet']),
    ],
    测点: [
      [
        '站点编号',
        '设备编号',
        '测点编号',
        '测点名称（中文）',
        '测点名称（英文）',
        '单位',
        '上报周期（s）',
        '正常范围下限',
        '正常范围上限',
      ],
      ...Array.from({ length: points }, (_, i) => [
        ...[`D${two(i % enterprises)}`, 'plc', `t${Math.floor(i / enterprises)}`],
        ...[
          `温度${Math.floor(i / enterprises)}`,
          `Temperature ${Math.floor(i / enterprises)}`,
          '°C',
          10,
          5,
          80,
        ],
      ]),
    ],
    限值: [
      ['测点', '方向', '限值', '单位', '等级', '生效日期'],
      ...all.slice(0, 20).map((i) => [`D${two(i)}/plc/t0`, '高于', 90, '°C', '橙', '2026-01-01']),
    ],
  }
}

/** The mistakes that people make, each in a cell of its own. */
export const twelveMistakes: readonly Mistake[] = [
  // A check character that does not fit; its site names nobody, or it would be a second mistake.
  { at: '企业!A5', value: `${codeOf(3).slice(0, 17)}${codeOf(3).endsWith('0') ? '1' : '0'}` },
  { at: '企业!B9', value: null },
  { at: '企业!D20', value: '34160' },
  { at: '企业!E30', value: '紫' },
  { at: '站点!E7', value: 'N33.8' },
  { at: '站点!F12', value: 215.4 },
  { at: '站点!G40', value: codeOf(99_999) },
  { at: '站点!A302', value: 'D001' },
  { at: '设备!A302', value: 'D999' },
  { at: '测点!G100', value: '10秒' },
  { at: '测点!H1500', value: 95 },
  { at: '限值!F4', value: '2026-13-01' },
]

/** What else must differ for the mistakes to be twelve and no more: the rest of the rows that are too many. */
const rest: readonly Mistake[] = [
  { at: '站点!G5', value: null },
  ...['多余', 'extra', '酿酒', 33, 116].map((value, i) => ({ at: `站点!${'BCDEF'.charAt(i)}302`, value })),
  ...['plc', '控制柜', 'Control cabinet'].map((value, i) => ({ at: `设备!${'BCD'.charAt(i)}302`, value })),
]

/** Writes the workbook as another program does: a real .xlsx of openpyxl's. `python`: the interpreter that has it. */
export function writeWorkbook(
  python: string,
  path: string,
  { workbook, mistakes = [] }: { workbook: Workbook; mistakes?: readonly Mistake[] },
): void {
  const script = `
import json, sys, openpyxl
job = json.load(sys.stdin)
book = openpyxl.Workbook()
book.remove(book.active)
for name, rows in job['workbook'].items():
    sheet = book.create_sheet(name)
    for row in rows:
        sheet.append(row)
for one in job['mistakes']:
    sheet, cell = one['at'].split('!')
    book[sheet][cell] = one['value']
book.save(job['path'])
`
  const more = mistakes.length > 0 ? rest : []
  const input = JSON.stringify({ path, workbook, mistakes: [...mistakes, ...more] })
  execFileSync(python, ['-c', script], { input })
}
