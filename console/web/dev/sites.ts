import type {
  CameraView,
  Delivery,
  DeviceView,
  GatewayView,
  Level,
  PointView,
  SiteView,
} from '@farwatch/model'

/** How a point of the scripted city moves; `peak` is where an incident takes it. */
export interface Wave {
  readonly middle: number
  readonly swing: number
  readonly periodMs: number
  readonly peak: number
}

export const waves: Record<string, Wave> = {}

type Spec = [
  metric: string,
  zh: string,
  en: string,
  unit: string,
  normal: [number, number],
  limits: [number, Level][],
  intervalS?: number,
  peak?: number,
]

function point(site: string, device: string, spec: Spec): PointView {
  const [metric, zh, en, unit, normal, limits, intervalS = 2, peak] = spec
  const key = `${site}/${device}/${metric}`
  const state = unit === '' && normal[1] === 1
  waves[key] = {
    middle: state ? normal[1] : (normal[0] + normal[1]) / 2,
    swing: (normal[1] - normal[0]) / 2,
    periodMs: 180_000 + metric.length * 17_000,
    peak: peak ?? (limits.at(-1)?.[0] ?? normal[1]) * 1.08,
  }
  return {
    metric,
    name: { zh, en },
    unit,
    type: state ? 'state' : 'number',
    intervalS,
    ...(state ? {} : { normal }),
    limits: limits.map(([value, level]) => ({ value, level })),
    key,
    registered: true,
    last: null,
  }
}

function device(site: string, id: string, zh: string, en: string, specs: Spec[]): DeviceView {
  return {
    id,
    name: { zh, en },
    kind: 'sensor',
    registered: true,
    points: specs.map((spec) => point(site, id, spec)),
    camera: null,
  }
}

export function sitesOf(scene: string, camera: CameraView): SiteView[] {
  const lel = (n: number): Spec => [
    `LEL0${n}`,
    `酒库可燃气体 ${n}#`,
    `Cellar gas ${n}`,
    '%LEL',
    [0, 3],
    [
      [25, 'orange'],
      [50, 'red'],
    ],
    2,
    n === 1 ? (scene === 'alert' ? 47 : 29) : 4,
  ]
  const sites: SiteView[] = [
    {
      id: 'E01',
      name: { zh: '谯韵酒业', en: 'Qiaoyun Distillery' },
      kind: 'distillery',
      county: '341602',
      address: { zh: '古井镇酒城大道 18 号', en: '18 Jiucheng Avenue, Gujing' },
      gateway: 'gw-e01',
      registered: true,
      latitude: 33.905,
      longitude: 115.715,
      devices: [
        device('E01', 'Cellar', '地下酒库', 'Cellar', [lel(1), lel(2), lel(3), lel(4)]),
        device('E01', 'TK101', '101# 储罐', 'Tank 101', [
          ['Level', '液位', 'Level', '%', [35, 80], [[90, 'yellow']]],
        ]),
        device('E01', 'Fan1', '1# 排风机', 'Fan 1', [['Run', '运行', 'Running', '', [0, 1], []]]),
      ],
    },
    {
      id: 'E03',
      name: { zh: '华芍饮片', en: 'Huashao Herbal Slices' },
      kind: 'processing',
      county: '341602',
      gateway: 'gw-e03',
      registered: true,
      latitude: 33.812,
      longitude: 115.812,
      devices: [
        device('E03', 'grinder', '粉碎机', 'Grinder', [['power', '功率', 'Power', 'kW', [30, 48], []]]),
        device('E03', 'collector', '布袋除尘器', 'Dust collector', [
          ['power', '风机功率', 'Fan power', 'kW', [12, 16], []],
          ['diffPressure', '压差', 'Differential pressure', 'Pa', [800, 1400], [[1800, 'yellow']], 2, 1860],
          ['hopper', '灰斗温度', 'Hopper temperature', '°C', [25, 45], [[70, 'orange']], 2, 72],
          ['airlock', '卸灰阀', 'Airlock', '', [0, 1], []],
        ]),
      ],
    },
    {
      id: 'E09',
      name: { zh: '药都冷链', en: 'Yaodu Cold Chain' },
      kind: 'cold-store',
      county: '341602',
      registered: true,
      latitude: 33.835,
      longitude: 115.745,
      devices: [
        device('E09', 'store1', '一号库', 'Store 1', [
          ['nh3', '氨气', 'Ammonia', 'ppm', [0, 5], [[100, 'orange']], 5],
          ['temperature', '库温', 'Temperature', '°C', [-22, -18], [[-15, 'yellow']], 5],
        ]),
        device('E09', 'store2', '二号库', 'Store 2', [
          ['nh3', '氨气', 'Ammonia', 'ppm', [0, 5], [[100, 'orange']], 5],
          ['temperature', '库温', 'Temperature', '°C', [-22, -18], [[-15, 'yellow']], 5, -14],
        ]),
      ],
    },
    {
      id: 'E10',
      name: { zh: '涡河湾工地', en: 'Guohe Bay Building Site' },
      kind: 'construction',
      county: '341621',
      registered: true,
      latitude: 33.512,
      longitude: 116.226,
      devices: [
        device('E10', 'dust', '扬尘监测仪', 'Dust monitor', [
          ['pm10', 'PM10', 'PM10', 'µg/m³', [40, 110], [[150, 'yellow']], 5, 190],
          ['tsp', 'TSP', 'TSP', 'µg/m³', [90, 220], [], 5],
          ['noise', '噪声', 'Noise', 'dB(A)', [52, 66], [[70, 'blue']], 5],
          ['wind', '风速', 'Wind speed', 'm/s', [0.5, 4.5], [], 5],
        ]),
        {
          id: 'cam1',
          name: { zh: '大门摄像机', en: 'Gate camera' },
          kind: 'camera',
          registered: true,
          points: [],
          camera,
        },
      ],
    },
  ]
  if (scene !== 'alert') return sites
  const stranger = device('SITE7', 'probe-3', 'probe-3', 'probe-3', [['so2', 'so2', 'so2', '', [8, 14], []]])
  return [
    ...sites,
    {
      id: 'E13',
      name: { zh: '蒙城中央厨房', en: 'Mengcheng Central Kitchen' },
      kind: 'kitchen',
      county: '341622',
      gateway: 'gw-old',
      registered: true,
      latitude: 33.268,
      longitude: 116.548,
      devices: [],
    },
    {
      id: 'E15',
      name: { zh: '利辛加油站', en: 'Lixin Petrol Station' },
      kind: 'petrol-station',
      county: '341623',
      registered: true,
      latitude: 33.147,
      longitude: 116.203,
      devices: [],
    },
    {
      id: 'SITE7',
      name: { zh: 'SITE7', en: 'SITE7' },
      kind: 'other',
      registered: false,
      latitude: null,
      longitude: null,
      devices: [
        {
          ...stranger,
          registered: false,
          points: stranger.points.map((one) => ({ ...one, registered: false })),
        },
      ],
    },
  ]
}

/** One gateway catches up behind a hole, one was copied, the others are as they should be. */
function deliveryOf(gateway: string, startMs: number): Delivery {
  const chain = '7c1f0a9be2d34568'
  const catchingUp = gateway === 'gw-e03'
  const copied = gateway === 'gw-old'
  const lost = { chain, from: 1_204, to: 1_391, readings: 37_600, reason: 'disk-full' as const }
  const forked =
    'another batch with this sequence was stored: an older copy of a gateway, or two with one key'
  return {
    ...{ v: 1, gateway, chain, islands: catchingUp ? 2 : 1 },
    verdicts: {
      ...{ stored: 48_211, duplicate: 32, rejected: 0, held: copied ? 4 : 0, forked: copied ? 3 : 0 },
      ...{ gap: catchingUp ? 7 : 0, declared: catchingUp ? 1 : 0 },
    },
    missing: catchingUp
      ? { holes: 1, batches: 1_840, list: [{ chain, from: 46_372, to: 48_211 }] }
      : { holes: 0, batches: 0, list: [] },
    lost: catchingUp
      ? {
          declarations: 1,
          batches: 188,
          readings: 37_600,
          list: [{ ...lost, declaredMs: startMs - 7_200_000 }],
        }
      : { declarations: 0, batches: 0, readings: 0, list: [] },
    abnormal: copied
      ? { verdict: 'forked', chain, seq: 48_190, reason: forked, atMs: startMs - 30 * 60_000 }
      : null,
    twin: copied ? { sign: 'forked', atMs: startMs - 30 * 60_000 } : null,
  }
}

export function gatewayOf(id: string, startMs: number): GatewayView {
  const online = id !== 'gw-old'
  return {
    id,
    online,
    sinceMs: startMs - (online ? 3 * 3_600_000 : 26 * 60_000),
    delivery: deliveryOf(id, startMs),
    status: {
      v: 1,
      online,
      ...(id === 'gw-e03' ? { backfill: { batches: 1_840, oldestMadeMs: startMs - 5 * 3_600_000 } } : {}),
      spool: { batches: online ? 0 : 412, bytes: online ? 0 : 1_400_000 },
      links:
        id === 'gw-e03'
          ? [
              {
                name: 'grinder-plc',
                protocol: 'modbus',
                state: 'down',
                problem: 'timeout after 1 s, unit 3, holding registers 0–7',
              },
              { name: 'collector-plc', protocol: 'modbus', state: 'up' },
            ]
          : [{ name: 'cellar', protocol: 'opcua', state: online ? 'up' : 'down' }],
    },
  }
}
