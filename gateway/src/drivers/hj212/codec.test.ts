import { Quality } from '@farwatch/model'
import { systemClock } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { golden } from '../../testbed/hj212-frames.ts'
import { Hj212Address } from './address.ts'
import { parseArea, parseNumber } from './area.ts'
import { Command, commandNames, encodeCommand } from './commands.ts'
import { qualityOf } from './flags.ts'
import { Packets } from './packets.ts'
import { readingsOf } from './readings.ts'
import { answerTo, frameOf, parseSegment, type Segment } from './segment.ts'
import { formatTime, parseTime } from './time.ts'

const mn = '010000A8900016F000169DC0'

function segmentOf(frame: string): Segment {
  const parsed = parseSegment(Buffer.from(frame.slice(6, -4)))
  if ('refused' in parsed) throw new Error(parsed.detail)
  return parsed.segment
}

function readings(frame: string, ...addresses: object[]) {
  const { cn, area } = segmentOf(frame)
  const points = addresses.map((address, i) => ({
    key: `S/d/m${i}`,
    address: Hj212Address.parse({ mn, ...address }),
    intervalMs: 1_000,
  }))
  return readingsOf(cn, parseArea(area), points)
}

/** A report of one item, as far as the codec is concerned. */
function reportOf(item: string, ...addresses: object[]) {
  return readings(`######QN=1;CN=2011;MN=${mn};CP=&&DataTime=20160801090000;${item}&&0000`, ...addresses)
}

test('D3 three generations of heads', () => {
  expect(segmentOf(golden('CN=1011'))).toMatchObject({
    version: '2025',
    wantsAnswer: true,
    cn: '1011',
    area: '',
  })
  expect(segmentOf(golden('CN=1062'))).toMatchObject({ version: '2017', pw: '100000', st: '32', mn })
  expect(segmentOf(golden('LD130133000015'))).toMatchObject({
    version: '2005',
    qn: undefined,
    wantsAnswer: false,
  })
  expect(segmentOf(golden('PNO=2'))).toMatchObject({ packet: { count: 2, number: 2 } })
  const reordered =
    'ST=22;QN=20180507000558;cn=2011;FLAG=7;PNO=1;PNUM=2;PW=BF470F88957588DE902D1A52;MN=Z1;CP=&&x=1&&'
  expect(parseSegment(Buffer.from(reordered))).toMatchObject({ segment: { packet: { count: 2, number: 1 } } })
})

test('D3 what is no segment is refused with what was found', () => {
  for (const text of [
    '',
    'QN=1;CN=2011;MN=1',
    'CN=2011;MN=1;CP=&&a=1&&b=2&&',
    'CN=2011;MN=1;CP=&&a=1&',
    'CN=201;MN=1;CP=&&&&',
    'CN=2011;CP=&&&&',
    'CN=2011;MN=1;CN=2051;CP=&&&&',
    'CN=2011;MN=1;PNUM=2;CP=&&&&',
    'CN=2011;MN=1;PNUM=2;PNO=3;CP=&&&&',
    'CN=2011;MN=1;Flag=300;CP=&&&&',
    'CN=2011;MN=1;Flag=17;CP=&&&&',
    'CN=2011;MN=厂;CP=&&&&',
    'PW=123456;,MN=1;CN=2011;CP=&&&&',
    `CN=2011;MN=1;PW=${'\u0018'.repeat(500)};CP=&&&&`,
  ]) {
    const parsed = parseSegment(Buffer.from(text))
    expect(parsed, text).toMatchObject({ refused: 'malformed-segment', detail: expect.any(String) })
    expect('refused' in parsed && parsed.detail.length).toBeLessThanOrEqual(300)
  }
})

test('D3 Chinese text is GB 18030 and disturbs no number beside it', () => {
  const head = Buffer.from(`CN=3020;MN=${mn};CP=&&i11001-Info=`)
  const gb = Buffer.concat([head, Buffer.from([0xc4, 0xea, 0xd6, 0xbe]), Buffer.from(',a=12.5&&')])
  const parsed = parseSegment(gb)
  if ('refused' in parsed) throw new Error(parsed.detail)
  const { factors, fields } = parseArea(parsed.segment.area)
  expect(factors.get('i11001')?.get('Info')).toBe('年志')
  expect(fields.get('a')).toBe('12.5')
  const broken = parseSegment(
    Buffer.from([...Buffer.from(`CN=1;MN=1;CP=&&a-Rtd=`), 0xc3, ...Buffer.from('36.9&&')]),
  )
  expect('refused' in broken).toBe(true)
})

test('D3 times are those of China, and only real moments are taken', () => {
  expect(parseTime('20160801085857')).toBe(Date.parse('2016-08-01T08:58:57+08:00'))
  expect(parseTime('20160824003817123')).toBe(Date.parse('2016-08-24T00:38:17.123+08:00'))
  expect(parseTime('20240229000000')).toBeDefined()
  for (const text of [
    '',
    '2016',
    '20160631000000',
    '20230229000000',
    '20160801240000',
    '20160801086000',
    '19700101000000',
    '2016080108585',
    '20160801 85857',
  ])
    expect(parseTime(text), text).toBeUndefined()
  expect(formatTime(Date.parse('2025-12-31T23:59:59.999+08:00'))).toBe('20251231235959')
})

test('D3 numbers are decimal numbers, and nothing else is', () => {
  expect(['0.000', '-3.5', '+7', '.5', '5.', '1.0E-3'].map(parseNumber)).toEqual([0, -3.5, 7, 0.5, 5, 0.001])
  for (const text of ['', '1,5', '0x1F', '12.3mg', 'NaN', 'Infinity', '--', '1e999', '1 2', '一'])
    expect(parseNumber(text), text).toBeUndefined()
})

test('D3 every flag has its quality; one that is not known makes the value bad', () => {
  const words = ['N', 'n', undefined, 'T', 'S', 'F', 'M', 'D', 'C', 'B', 'P', 'X', '']
  expect(words.map(qualityOf)).toEqual([
    0,
    0,
    0,
    0x4094,
    0x4091,
    0x808d,
    0x80af,
    0x808c,
    0x8032,
    0x8031,
    0x808b,
    Quality.bad,
    Quality.bad,
  ])
})

test('D3 a 2005 report: milliseconds, no flags, values of three factors', () => {
  const { samples, faults } = readings(
    golden('LD130133000015'),
    { mn: 'LD130133000015', factor: 'B01' },
    { mn: 'LD130133000015', factor: '011' },
    { mn: 'LD130133000015', factor: '060', report: 'minute' },
  )
  const at = { timeMs: Date.parse('2016-08-24T00:38:17+08:00'), timeSource: 'device', quality: 0 }
  expect(samples).toEqual([
    { point: 'S/d/m0', value: 36.91, ...at },
    { point: 'S/d/m1', value: 231, ...at },
  ])
  expect(faults).toEqual([])
})

test('D3 an hour report: parts by name, the beginning of the hour, a value under maintenance is kept and bad', () => {
  const { samples } = readings(
    golden('CN=2061'),
    { factor: 'a21026', report: 'hour' },
    { factor: 'a21026', report: 'hour', part: 'Max' },
    { factor: 'a21002', report: 'hour', part: 'Cou' },
    { factor: 'a21026' },
  )
  const timeMs = Date.parse('2016-08-01T08:00:00+08:00')
  expect(samples).toMatchObject([
    { point: 'S/d/m0', value: 2.25, timeMs, quality: 0 },
    { point: 'S/d/m1', value: 3.5, timeMs, quality: 0 },
    { point: 'S/d/m2', value: 8, timeMs, quality: 0x80af },
  ])
  expect(samples).toHaveLength(3)
})

test('D3 a real-time value has the time of its sample where the logger tells one', () => {
  const { samples } = readings(golden('SampleTime=20160801'), { factor: 'w01018' }, { factor: 'w01001' })
  expect(samples).toMatchObject([
    { value: 50.5, timeMs: Date.parse('2016-08-01T08:00:00+08:00') },
    { value: 7.25, timeMs: Date.parse('2016-08-01T09:00:00+08:00') },
  ])
})

test('D3 what can be read in two ways is not read', () => {
  const about = { factor: 'a21026' }
  const faultsOf = (item: string) => reportOf(item, about).faults.map(({ fault }) => fault)
  expect(reportOf('a21026-Rtd=1,a21026-Flag=N;a21026-Rtd=1', about).samples).toMatchObject([{ value: 1 }])
  expect(faultsOf('a21026-Rtd=1,a21026-Flag=N;a21026-Rtd=2,a21026-Flag=N')).toEqual(['ambiguous-factor'])
  expect(faultsOf('a21026-Rtd=12,5,a21026-Flag=N')).toEqual(['ambiguous-factor'])
  expect(faultsOf('a21026-Rtd=1,a21026-Flag=N,a21026-Flag=D')).toEqual(['ambiguous-factor'])
  expect(faultsOf('a21026-Rtd=12.5mg,a21026-Flag=N')).toEqual(['malformed-value'])
  expect(faultsOf('a21026-Rtd=,a21026-Flag=N')).toEqual(['malformed-value'])
  expect(faultsOf('a21026-SampleTime=2016,a21026-Rtd=1')).toEqual(['malformed-time'])
  expect(faultsOf('a21026-td=50.1,a21026-Flag=N')).toEqual([])
  expect(reportOf('a21026-Rtd=--,a21026-Flag=D', about).samples).toMatchObject([
    { value: null, quality: 0x808c },
  ])
  expect(reportOf('a21026-Rtd=1,a21026-Flag=Z', about)).toMatchObject({
    samples: [{ value: 1, quality: Quality.bad }],
    faults: [{ fault: 'unknown-flag' }],
  })
  expect(reportOf('DataTime=20160801100000;a21026-Rtd=1', about)).toMatchObject({
    samples: [],
    faults: [{ fault: 'no-data-time' }],
  })
})

function packetsOf() {
  const faults: string[] = []
  let nowMs = 0
  const clock = { ...systemClock, monotonicMs: () => nowMs }
  const wait = (ms: number) => {
    nowMs += ms
  }
  return { packets: new Packets(clock, (fault) => faults.push(fault)), faults, wait }
}

const part = (number: number, area: string, count = 2) =>
  segmentOf(`######QN=1;CN=2031;MN=${mn};Flag=7;PNUM=${count};PNO=${number};CP=&&${area}&&0000`)

test('D3 packets that carry their own time wait for no other', () => {
  const { packets } = packetsOf()
  const [first, second] = [golden('PNO=1'), golden('PNO=2')].map(segmentOf)
  expect(packets.add(second!)?.area.factors.get('w21003')?.get('Avg')).toBe('0.5')
  expect(packets.add(first!)?.area.factors.get('w01018')?.get('Avg')).toBe('21.25')
})

test('D3 a message cut between items or within a number is put together, in any order', () => {
  const { packets, faults } = packetsOf()
  const time = 'DataTime=20160801000000'
  for (const [one, two] of [
    [`${time};a21026-Avg=1`, '2.5,a21026-Flag=N'],
    [`${time};a21026-Avg=12.5,a21026-Flag=`, 'N'],
    [`${time};a21026-Avg=12.5`, 'a21002-Avg=3,a21002-Flag=N'],
    [time, 'a21026-Avg=12.5,a21026-Flag=N'],
  ] as const) {
    expect(packets.add(part(2, two)), two).toBeUndefined()
    const message = packets.add(part(1, one))
    expect(message?.area.factors.get('a21026')?.get('Avg'), two).toBe('12.5')
    expect(message?.packets).toHaveLength(2)
  }
  // 1 and then a factor named 2, or 12? Either could be meant.
  packets.add(part(1, `${time};a21026-Avg=1`))
  expect(packets.add(part(2, '2'))?.area.factors.get('a21026')?.get('Avg')).toBe('12')
  expect(faults).toEqual([])
  packets.add(part(1, `${time};a21026-Fl`))
  expect(packets.add(part(2, 'ag=N;a21026-Flag=D,a21026-Avg=1'))).toBeUndefined()
  expect(faults).toEqual(['conflicting-packets'])
})

test('D7 packets are bounded in number, size and time', () => {
  const { packets, faults, wait } = packetsOf()
  expect(packets.add(part(1, 'x=1', 500))).toBeUndefined()
  expect(faults.splice(0)).toEqual(['oversized-message'])
  packets.add(part(1, 'x=1'))
  expect(packets.add(part(1, 'x=2'))).toBeUndefined()
  expect(faults.splice(0)).toEqual(['conflicting-packets'])
  for (let i = 0; i < 20; i++) packets.add({ ...part(1, 'x=1'), qn: `${i}` })
  expect(faults.splice(0)).toHaveLength(4)
  for (let i = 1; i <= 40; i++) packets.add(part(i, `x${i}=${'y'.repeat(9_000)}`, 90))
  expect(faults.splice(0)).toContain('oversized-message')
  wait(61_000)
  packets.add(part(1, 'x=1'))
  expect(new Set(faults)).toEqual(new Set(['incomplete-message']))
})

test('D3 answers and commands are exact', () => {
  const asked = { qn: '20160801085000001', mn, pw: '123456' }
  expect(answerTo({ ...asked, version: '2017' }, '9014')?.toString()).toBe(
    `##0087QN=20160801085000001;ST=91;CN=9014;PW=123456;MN=${mn};Flag=4;CP=&&&&C241\r\n`,
  )
  expect(answerTo({ ...asked, version: '2025' }, '9013')?.toString()).toContain(';Flag=8;CP=&&&&')
  expect(answerTo({ ...asked, version: '2005' }, '9014')?.toString()).toContain(
    `ST=91;CN=9014;PW=123456;MN=${mn};Flag=0;CP=&&QN=20160801085000001&&`,
  )
  expect(answerTo({ ...asked, qn: undefined, version: '2005' }, '9014')).toBeUndefined()
  const { cn, area } = encodeCommand({ name: 'set-interval', seconds: 30 })
  const frame = frameOf(`QN=20160801085857223;ST=32;CN=${cn};PW=100000;MN=${mn};Flag=5;CP=&&${area}&&`)
  expect(frame.toString()).toBe(`${golden('CN=1062')}\r\n`)
  const fromMs = Date.parse('2004-05-06T00:00:00+08:00')
  expect(encodeCommand({ name: 'resend', report: 'day', fromMs, toMs: fromMs + 4 * 86_400_000 })).toEqual({
    cn: '2031',
    area: 'BeginTime=20040506000000,EndTime=20040510000000',
  })
  const all: Command['name'][] = Command.options.map(({ shape }) => shape.name.value)
  expect([...commandNames].sort()).toEqual(all.sort())
})
