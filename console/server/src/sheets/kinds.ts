import {
  coordinateSystems,
  type EntityKind,
  type Field,
  type FieldType,
  type KindFields,
  type siteKinds,
  type Text,
} from '@farwatch/model'

type More = Partial<Pick<Field, 'unit' | 'hint' | 'example' | 'choices' | 'refersTo'>>

/** `zh | en` with a star in front where something must stand there. */
function field(path: string, type: FieldType, label: string, more: More = {}): Field {
  return { path, type, label: textOf(label.replace(/^\*/, '')), required: label.startsWith('*'), ...more }
}

function textOf(both: string): Text {
  const [zh = '', en = ''] = both.split(' | ')
  return { zh, en }
}

function choices(labels: Readonly<Record<string, string>>): More {
  return { choices: Object.entries(labels).map(([value, label]) => ({ value, label: textOf(label) })) }
}

const hint = (both: string): More => ({ hint: textOf(both) })
const to = (refersTo: EntityKind, example?: string): More => ({ refersTo, example })

const levels = choices({ red: '红 | red', orange: '橙 | orange', yellow: '黄 | yellow', blue: '蓝 | blue' })
const siteKindLabels: Readonly<Record<(typeof siteKinds)[number], string>> = {
  ...{ distillery: '酿酒 | distillery', boiler: '锅炉 | boiler', processing: '加工 | processing' },
  ...{
    pharmaceutical: '制药 | pharmaceutical',
    chemical: '化工 | chemical',
    incinerator: '焚烧发电 | incinerator',
  },
  ...{
    sewage: '污水处理 | sewage',
    'cold-store': '冷库 | cold store',
    construction: '建筑工地 | construction',
  },
  ...{ kitchen: '食堂厨房 | kitchen', lift: '电梯 | lift', 'petrol-station': '加油站 | petrol station' },
  ...{ warehouse: '仓储 | warehouse', ambient: '环境空气站 | ambient air', other: '其他 | other' },
}

const severalHint = hint('几个之间用分号隔开 | several with semicolons between')
const dayHint = hint('如 2026-11-23 | such as 2026-11-23')
const jurisdiction = (label = '*行政区划代码 | Jurisdiction') =>
  field('jurisdiction', 'name', label, {
    ...to('jurisdiction', '341602'),
    ...hint('GB/T 2260 六位代码，街道乡镇九位 | six digits of GB/T 2260, nine for a town'),
  })
const departments = field('departments', 'names', '监管部门 | Departments', {
  ...to('department', 'emb'),
  ...severalHint,
})
const contacts = field('contacts', 'contacts', '联系人 | Contacts', {
  ...hint('姓名|职务|电话，几个之间用分号隔开 | name|role|phone, several with semicolons between'),
  example: '李明|安全员|13800000000',
})
const note = field('note', 'long-text', '备注 | Note')
const both = (what: string, [zh, en]: [string, string]) => [
  field('name.zh', 'text', `*${what.split(' | ')[0]}（中文） | ${what.split(' | ')[1]} (Chinese)`, {
    example: zh,
  }),
  field('name.en', 'text', `*${what.split(' | ')[0]}（英文） | ${what.split(' | ')[1]} (English)`, {
    example: en,
  }),
]
const device = field('device', 'name', '*设备 | Device', {
  ...to('device', 'E01/gas'),
  ...hint('站点编号/设备编号 | SITE/DEVICE'),
})
const siteId = field('id.0', 'name', '*站点编号 | Site id', to('site', 'E01'))

/** Every kind of the registry, in the order in which one names the other. */
export const kinds: readonly KindFields[] = [
  {
    ...{ kind: 'jurisdiction', label: textOf('行政区划 | Jurisdictions'), idMade: false },
    id: [field('id.0', 'name', '*区划代码 | Jurisdiction code', { example: '341602' })],
    fields: [
      ...both('区划名称 | Name', ['谯城区', 'Qiaocheng']),
      field('validFrom', 'day', '启用日期 | Valid from', dayHint),
      field('validTo', 'day', '撤销日期 | Valid to', dayHint),
      field('successor', 'name', '撤销后并入 | Successor', to('jurisdiction')),
    ],
  },
  {
    ...{ kind: 'department', label: textOf('部门 | Departments'), idMade: false },
    id: [field('id.0', 'name', '*部门编号 | Department id', { example: 'emb' })],
    fields: [...both('部门名称 | Name', ['应急管理局', 'Emergency management']), jurisdiction(), contacts],
  },
  {
    ...{ kind: 'enterprise', label: textOf('企业 | Enterprises'), idMade: false },
    id: [
      field('id.0', 'name', '*统一社会信用代码 | Credit code', {
        example: '91341600MA2MRC8E5W',
        ...hint('GB 32100 十八位，末位为校验位 | 18 characters of GB 32100, the last checks the others'),
      }),
    ],
    fields: [
      ...both('企业名称 | Name', ['示例酒业有限公司', 'Example Distillery Ltd']),
      jurisdiction(),
      departments,
      field('industry', 'text', '行业 | Industry', {
        example: 'C1512',
        ...hint('GB/T 4754 代码或名称 | code or name of GB/T 4754'),
      }),
      field('riskClass', 'choice', '风险等级 | Risk class', levels),
      field('keyUnit', 'boolean', '重点单位 | Key unit'),
      field('address', 'text', '地址 | Address'),
      ...[contacts, note],
    ],
  },
  {
    ...{ kind: 'site', label: textOf('站点 | Sites'), idMade: false },
    id: [field('id.0', 'name', '*站点编号 | Site id', { example: 'E01' })],
    fields: [
      ...both('站点名称 | Name', ['一号酒厂', 'Distillery one']),
      field('kind', 'choice', '站点类型 | Kind', choices(siteKindLabels)),
      field('latitude', 'number', '*纬度 | Latitude', { unit: '°', example: '33.85' }),
      field('longitude', 'number', '*经度 | Longitude', { unit: '°', example: '115.78' }),
      field('coordinates', 'choice', '坐标系 | Coordinate system', {
        ...choices(Object.fromEntries(coordinateSystems.map((one) => [one, `${one} | ${one}`]))),
        ...hint(
          'GPS 为 WGS-84，高德腾讯为 GCJ-02，百度为 BD-09 | WGS-84 from GPS, GCJ-02 from Chinese maps, BD-09 from Baidu',
        ),
      }),
      field('enterprise', 'name', '所属企业 | Enterprise', to('enterprise', '91341600MA2MRC8E5W')),
      jurisdiction('行政区划代码 | Jurisdiction'),
      departments,
      field('address.zh', 'text', '地址（中文） | Address (Chinese)'),
      field('address.en', 'text', '地址（英文） | Address (English)'),
      field('gateway', 'name', '网关 | Gateway', hint('经网关上报时填写 | where devices report through one')),
    ],
  },
  {
    ...{ kind: 'outlet', label: textOf('排放口 | Outlets'), idMade: false },
    id: [siteId, field('id.1', 'name', '*排放口编号 | Outlet id', { example: 'DA001' })],
    fields: [
      ...both('排放口名称 | Name', ['一号废气口', 'Stack one']),
      field('kind', 'choice', '*类别 | Kind', {
        ...choices({
          'waste-water': '废水 | waste water',
          exhaust: '废气 | exhaust',
          noise: '噪声 | noise',
          other: '其他 | other',
        }),
      }),
      field('permit', 'text', '许可证编号 | Permit'),
    ],
  },
  {
    ...{ kind: 'device', label: textOf('设备 | Devices'), idMade: false },
    id: [siteId, field('id.1', 'name', '*设备编号 | Device id', { example: 'gas' })],
    fields: [
      ...both('设备名称 | Name', ['可燃气体探测器', 'Gas detector']),
      field(
        'kind',
        'choice',
        '设备类型 | Kind',
        choices({ sensor: '传感器 | sensor', camera: '摄像机 | camera' }),
      ),
      field('frigateCamera', 'name', 'Frigate 摄像机名 | Frigate camera'),
      field('maker', 'text', '厂家 | Maker'),
      field('model', 'text', '型号 | Model'),
      field('serial', 'text', '出厂编号 | Serial number'),
    ],
  },
  {
    ...{ kind: 'point', label: textOf('测点 | Points'), idMade: false },
    id: [
      siteId,
      field('id.1', 'name', '*设备编号 | Device id', { example: 'gas' }),
      field('id.2', 'name', '*测点编号 | Point id', { example: 'lel' }),
    ],
    fields: [
      ...both('测点名称 | Name', ['可燃气体浓度', 'Combustible gas']),
      field('unit', 'text', '单位 | Unit', { example: '%LEL' }),
      field('type', 'choice', '类型 | Type', choices({ number: '数值 | number', state: '状态 | state' })),
      field('intervalS', 'number', '上报周期 | Interval', { unit: 's', example: '10' }),
      field(
        'outlet',
        'name',
        '排放口 | Outlet',
        hint('同一站点的排放口编号 | id of an outlet of the same site'),
      ),
      field('parameter', 'text', '监测因子 | Parameter', { example: 'w01018' }),
      field('measurementCycleS', 'number', '测量周期 | Measurement cycle', { unit: 's' }),
      field('normal.0', 'number', '正常范围下限 | Normal from'),
      field('normal.1', 'number', '正常范围上限 | Normal to'),
      field('range.0', 'number', '量程下限 | Range from'),
      field('range.1', 'number', '量程上限 | Range to'),
      field('scale', 'number', '换算系数 | Scale'),
      field('offset', 'number', '换算偏移 | Offset'),
    ],
  },
  {
    ...{ kind: 'limit', label: textOf('限值 | Limits'), idMade: true },
    id: [
      field('id.0', 'name', '限值编号 | Limit id', hint('新增时可不填 | may be left empty for a new one')),
    ],
    fields: [
      field('point', 'name', '测点 | Point', {
        ...to('point', 'E01/gas/lel'),
        ...hint('站点/设备/测点；或填排放口与监测因子 | SITE/DEVICE/POINT; or else outlet and parameter'),
      }),
      field('outlet', 'name', '排放口 | Outlet', {
        ...to('outlet'),
        ...hint('站点编号/排放口编号 | SITE/OUTLET'),
      }),
      field('parameter', 'text', '监测因子 | Parameter'),
      field('side', 'choice', '*方向 | Side', choices({ above: '高于 | above', below: '低于 | below' })),
      field('value', 'number', '*限值 | Limit', { example: '25' }),
      field('unit', 'text', '单位 | Unit', { example: '%LEL' }),
      field('level', 'choice', '*等级 | Level', levels),
      field('validFrom', 'day', '*生效日期 | Valid from', { ...dayHint, example: '2026-01-01' }),
      field('validTo', 'day', '失效日期 | Valid to', dayHint),
      field('basis', 'text', '依据 | Basis'),
    ],
  },
  {
    ...{ kind: 'calibration', label: textOf('校准记录 | Calibrations'), idMade: true },
    id: [
      field(
        'id.0',
        'name',
        '校准编号 | Calibration id',
        hint('新增时可不填 | may be left empty for a new one'),
      ),
    ],
    fields: [
      device,
      field('on', 'day', '*校准日期 | Date', { ...dayHint, example: '2026-03-01' }),
      field('expires', 'day', '有效期至 | Expires', dayHint),
      field('by', 'text', '*校准单位 | By', { example: '省计量院' }),
      field('number', 'text', '证书编号 | Number'),
      field('passed', 'boolean', '*合格 | Passed', { example: 'TRUE' }),
      note,
    ],
  },
  {
    ...{ kind: 'review', label: textOf('审核记录 | Siting reviews'), idMade: true },
    id: [
      field(
        'id.0',
        'name',
        '审核记录编号 | Review id',
        hint('新增时可不填 | may be left empty for a new one'),
      ),
    ],
    fields: [
      device,
      field('number', 'text', '*文号 | Number', { example: '亳应急〔2026〕7 号' }),
      field('on', 'day', '*审核日期 | Date', { ...dayHint, example: '2026-03-01' }),
      field('expires', 'day', '有效期至 | Expires', dayHint),
      field('by', 'text', '*审核单位 | By', { example: '市应急管理局' }),
      field(
        'grade',
        'choice',
        '*证据等级 | Grade',
        choices({ lead: '线索 | lead', enforcement: '执法证据 | enforcement' }),
      ),
      note,
    ],
  },
  {
    ...{ kind: 'officer', label: textOf('执法人员 | Officers'), idMade: false },
    id: [field('id.0', 'name', '*人员编号 | Officer id', { example: 'zhang-wei' })],
    fields: [
      field('name', 'text', '*姓名 | Name', { example: '张伟' }),
      field('department', 'name', '*部门 | Department', to('department', 'emb')),
      jurisdiction(),
      field('certificate', 'text', '*执法证号 | Certificate', { example: '皖S001' }),
      field('certificateExpires', 'day', '*证件有效期至 | Certificate expires', {
        ...dayHint,
        example: '2028-12-31',
      }),
      field('skills', 'texts', '专业特长 | Skills', severalHint),
      field('phone', 'text', '电话 | Phone'),
      field('account', 'name', '账号 | Account'),
    ],
  },
  {
    ...{ kind: 'item', label: textOf('监管事项 | Supervision items'), idMade: false },
    id: [field('id.0', 'name', '*事项编码 | Item code', { example: 'AQ-001' })],
    fields: [
      ...both('事项名称 | Name', ['危险化学品储存监督检查', 'Inspection of dangerous goods storage']),
      field('department', 'name', '*实施部门 | Department', to('department', 'emb')),
      field('basis', 'long-text', '*法律依据 | Legal basis', { example: '《危险化学品安全管理条例》第七条' }),
      note,
    ],
  },
]

export function kindFields(kind: EntityKind): KindFields {
  return kinds.find((one) => one.kind === kind)!
}
