import { type ActLog, type Change, enterpriseCheck, type RecordedAct, type Scope } from '@farwatch/model'
import { expect, test } from 'vitest'
import { MemoryActs } from './testing.ts'
import { change, cityLines, codLimit, enterpriseCodes, line, nowMs, open, text } from './testing-city.ts'

async function city() {
  const acts = new MemoryActs()
  const desk = await open(acts)
  expect(await change(desk, cityLines())).toMatchObject({ outcome: 'done', version: 1 })
  return { acts, desk }
}

async function everything(acts: ActLog): Promise<RecordedAct[]> {
  const all: RecordedAct[] = []
  for await (const act of acts.read(1)) all.push(act)
  return all
}

test('W1 many lines are one act with every value before and after; another process reads the same from it', async () => {
  const { acts, desk } = await city()
  const renamed = { ...desk.get('site', 'E01')!.value, name: text('谯韵酒业总厂') }
  await change(desk, [line('site', 'E01', renamed, 1)], '更名')
  const recorded = await everything(acts)
  expect(recorded).toMatchObject([
    { action: 'registry.change', object: null, jurisdiction: '341600', before: null },
    {
      object: { kind: 'site', id: 'E01' },
      jurisdiction: '341602',
      reason: '更名',
      actor: { name: '王管理' },
    },
  ])
  expect(recorded[1]?.after).toMatchObject({
    changes: [{ version: 2, before: { name: text('谯韵酒业') }, after: { name: text('谯韵酒业总厂') } }],
  })
  const again = await open(acts)
  expect(again.version).toBe(2)
  expect(again.get('site', 'E01')).toEqual(desk.get('site', 'E01'))
  expect(again.monitored()).toEqual(desk.monitored())
})

test('W1 history answers what was, by whom and why; what is retired keeps its own and its numbers', async () => {
  const { desk } = await city()
  await change(desk, [line('limit', '', codLimit)], '许可证')
  const id = 'E01.DW001.w01018.above-orange.2026-01-01'
  await change(desk, [line('limit', id, { ...codLimit, validTo: '2026-06-30' }, 1)], '新许可证')
  await change(desk, [line('limit', id, null, 2)], '登记有误')
  expect(await change(desk, [line('limit', id, codLimit)])).toMatchObject({ entities: [{ version: 4 }] })
  expect(await desk.history('limit', id)).toMatchObject([
    { version: 1, value: { value: 400 }, reason: '许可证', actor: { account: 'wang' } },
    { version: 2, value: { validTo: '2026-06-30' } },
    { version: 3, value: null, reason: '登记有误' },
    { version: 4, reason: null },
  ])
  expect(await desk.history('limit', 'nothing')).toEqual([])
})

test('W6 two people edit one limit at once: one is done, the other gets a conflict with the value as it is now', async () => {
  const { desk } = await city()
  await change(desk, [line('limit', 'cod', codLimit)])
  const edit = (value: number) => change(desk, [line('limit', 'cod', { ...codLimit, value }, 1)])
  const [first, second] = await Promise.all([edit(350), edit(500)])
  expect(first).toMatchObject({ outcome: 'done', entities: [{ version: 2, value: { value: 350 } }] })
  expect(second).toMatchObject({
    outcome: 'conflict',
    conflicts: [{ line: 0, current: { version: 2, value: { value: 350 }, changedBy: '王管理' } }],
  })
  expect(desk.check([line('limit', 'cod', codLimit, 1)])).toMatchObject([
    { code: 'conflict', path: 'expect' },
  ])
})

test('W1 a change with one bad line changes nothing, and every problem of every line is told at once', async () => {
  const { acts, desk } = await city()
  const body = '91341602MA2TDEM03'
  const wrong = `${body}${enterpriseCheck(body) === '0' ? '1' : '0'}`
  const outcome = await change(desk, [
    line('enterprise', wrong, { name: text('X'), jurisdiction: '341602' }),
    line('enterprise', enterpriseCodes[0], { name: { zh: '', en: 'x' }, jurisdiction: '3416' }, 1),
    line('site', 'E09', { name: text('好'), latitude: 95, longitude: 1, colour: 'red' }),
    line('site', 'E03', { name: text('好'), latitude: 33, longitude: 115, departments: ['nobody'] }),
    line('device', 'E09/x', { name: text('X') }),
    line('point', 'E01/cod/w01018', { name: text('COD'), unit: 'µg/L', range: [9, 1] }, 1),
    line('limit', '', { ...codLimit, validTo: '2025-01-01' }),
    line('limit', '', { side: 'above', value: '400', unit: '', level: 'orange', validFrom: 'soon' }),
    line('officer', 'li', {
      ...{ name: '李', department: 'eco-qiaocheng', jurisdiction: '341602', certificate: 'A1' },
      certificateExpires: '2026-11-22',
    }),
    line('site', 'E01', null, 1),
    line('item', 'A-1', { name: text('检查'), department: 'eco-qiaocheng', basis: '环境保护法' }),
    line('item', 'A-1', { name: text('检查'), department: 'eco-qiaocheng', basis: '环境保护法' }),
    line('review', '', null),
  ])
  if (outcome.outcome !== 'refused') throw new Error(outcome.outcome)
  const told = outcome.problems.map(({ line: at, path, code }) => [at, path, code])
  expect(told).toEqual([
    [0, 'id', 'check-character'],
    [1, 'name.zh', 'too-small'],
    [1, 'jurisdiction', 'invalid-format'],
    [2, 'latitude', 'too-big'],
    [2, '', 'unrecognized-keys'],
    [3, 'departments.0', 'unknown-reference'],
    [5, 'range', 'range-order'],
    [6, 'validTo', 'ends-before-it-begins'],
    [7, 'value', 'invalid-type'],
    [7, 'validFrom', 'invalid-format'],
    [8, 'certificateExpires', 'expired'],
    [9, '', 'still-needed'],
    [9, '', 'still-needed'],
    [11, 'id', 'twice'],
    [12, 'id', 'id'],
  ])
  for (const { zh, en } of outcome.problems) {
    expect(zh).toMatch(/[\u4e00-\u9fff]/)
    expect(en).not.toMatch(/[\u4e00-\u9fff]/)
  }
  expect(outcome.problems[3]).toMatchObject({
    zh: '填写值：95；要求：最多 90',
    en: 'found 95, expected at most 90',
  })
  expect(acts.end).toBe(1)
  expect(desk.list('site').map(({ id }) => id)).toEqual(['E01', 'E02'])
})

test('W1 units: a limit has its point’s, and a point cannot leave the unit of its limits', async () => {
  const { desk } = await city()
  expect(desk.check([line('limit', '', { ...codLimit, unit: 'g/L' })])).toMatchObject([
    { code: 'other-unit' },
  ])
  await change(desk, [line('limit', '', codLimit)])
  const point = desk.get('point', 'E01/cod/w01018')!.value
  expect(desk.check([line('point', 'E01/cod/w01018', { ...point, unit: 'g/L' }, 1)])).toMatchObject([
    { code: 'other-unit', path: 'unit' },
  ])
})

test('W1 limits of one subject, side and level do not overlap; the day after the end is free', async () => {
  const { desk } = await city()
  await change(desk, [line('limit', 'a', { ...codLimit, validTo: '2026-06-30' })])
  const next = (over: object) => desk.check([line('limit', 'b', { ...codLimit, value: 300, ...over })])
  expect(next({ validFrom: '2026-06-30' })).toMatchObject([{ code: 'overlapping-limit', path: 'validFrom' }])
  expect(next({ validFrom: '2025-01-01' })).toMatchObject([{ code: 'overlapping-limit' }])
  expect(next({ validFrom: '2026-07-01' })).toEqual([])
  expect(next({ level: 'red' })).toEqual([])
  expect(next({ side: 'below' })).toEqual([])
})

test('W6 an abolished jurisdiction takes nothing in and lets nobody behind; its members move in one ready-made change', async () => {
  const { desk } = await city()
  const ended = { name: text('涡阳县'), validTo: '2026-11-22', successor: '341602' }
  expect(desk.check([line('jurisdiction', '341621', ended, 1)])).toMatchObject([{ code: 'has-members' }])
  const made = desk.succession('341621', '341602')
  expect(made.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    `enterprise ${enterpriseCodes[1]}`,
    'jurisdiction 341621',
  ])
  expect(await change(desk, made, '撤县')).toMatchObject({ outcome: 'done' })
  expect(desk.get('jurisdiction', '341621')?.value).toMatchObject({
    validTo: '2026-11-22',
    successor: '341602',
  })
  expect(desk.scopeOf('site', 'E02')?.jurisdiction).toBe('341602')
  const late = line('department', 'late', { name: text('迟'), jurisdiction: '341621' })
  expect(desk.check([late])).toMatchObject([{ code: 'abolished-jurisdiction', path: 'jurisdiction' }])
})

test('W1 where something lies follows from what it hangs on', async () => {
  const { desk } = await city()
  await change(desk, [line('limit', 'cod', codLimit)])
  const scope = { jurisdiction: '341602', departments: ['eco-qiaocheng'], enterprise: enterpriseCodes[0] }
  for (const [kind, id] of [
    ['enterprise', enterpriseCodes[0]],
    ['site', 'E01'],
    ['outlet', 'E01/DW001'],
    ['device', 'E01/cod'],
    ['point', 'E01/cod/w01018'],
    ['limit', 'cod'],
  ] as const)
    expect([kind, desk.scopeOf(kind, id)]).toEqual([kind, scope])
  expect(desk.scopeOf('department', 'eco-qiaocheng')).toEqual({ ...scope, enterprise: null })
  expect(desk.scopeOf('site', 'nowhere')).toBeUndefined()
})

test('W6 guessed ids across jurisdictions are answered as if there were nothing, also where they are only named', async () => {
  const { desk } = await city()
  await change(desk, [line('limit', 'cod', codLimit)])
  const may = ({ jurisdiction }: Scope) => jurisdiction === '341621'
  const asked = (changes: Change[]) =>
    desk.change(changes, { actor: { account: 'x', name: '', via: 'session', from: null }, reason: null, may })
  const named = (point: string) => ({
    point,
    side: 'above',
    value: 1,
    unit: 'mg/L',
    level: 'red',
    validFrom: '2026-01-01',
  })
  // What exists elsewhere and what doesn't exist are told alike.
  expect(await asked([line('limit', 'cod', codLimit, 1)])).toEqual({
    outcome: 'conflict',
    conflicts: [{ line: 0, current: null }],
  })
  expect(await asked([line('limit', 'dok', codLimit, 1)])).toEqual({
    outcome: 'conflict',
    conflicts: [{ line: 0, current: null }],
  })
  const there = desk.check([line('limit', 'new', named('E01/cod/w01018'))], may)
  const nowhere = desk.check([line('limit', 'new', named('E01/cod/w0101x'))], may)
  expect(there.map(({ code }) => code)).toEqual(['unknown-reference'])
  expect(JSON.stringify(there)).toBe(JSON.stringify(nowhere).replaceAll('w0101x', 'w01018'))
  // Nothing is put into another's area, nor taken out of one's own into it.
  const place = { name: text('X'), latitude: 33, longitude: 116 }
  expect(desk.check([line('site', 'N1', { ...place, jurisdiction: '341602' })], may)).toMatchObject([
    { code: 'not-permitted' },
  ])
  expect(desk.check([line('site', 'N1', { ...place, jurisdiction: '341621' })], may)).toEqual([])
  const moved = { ...desk.get('enterprise', enterpriseCodes[1])!.value, jurisdiction: '341602' }
  expect(desk.check([line('enterprise', enterpriseCodes[1], moved, 1)], may)).toMatchObject([
    { code: 'not-permitted' },
  ])
})

test('W6 2,000 points in one change are all there or not at all', async () => {
  const { acts, desk } = await city()
  const points = Array.from({ length: 2_000 }, (_, i) =>
    line('point', `E01/cod/m${i}`, { name: text(`点 ${i}`), unit: 'mg/L' }),
  )
  const broken = points.with(1_234, line('point', 'E01/cod/m1234', { name: text('x'), unit: 7 }))
  expect(await change(desk, broken)).toMatchObject({
    outcome: 'refused',
    problems: [{ line: 1_234, path: 'unit' }],
  })
  expect(desk.list('point')).toHaveLength(1)
  expect(await change(desk, points)).toMatchObject({ outcome: 'done', version: 2 })
  expect(desk.list('point')).toHaveLength(2_001)
  expect(acts.end).toBe(2)
})

test('W6 names that look like code are kept as they are; names that poison objects are none', async () => {
  const { acts, desk } = await city()
  const name = { zh: '<script>alert(1)</script>', en: '"><img src=x onerror=alert(1)>' }
  await change(desk, [line('site', 'E08', { name, latitude: 33, longitude: 116 })])
  expect((await open(acts)).get('site', 'E08')?.value.name).toEqual(name)
  expect(desk.check([line('site', '__proto__', { name, latitude: 33, longitude: 116 })])).toMatchObject([
    { path: 'id', code: 'id' },
  ])
  const poisoned = JSON.parse(
    '{"name":{"zh":"a","en":"b"},"latitude":1,"longitude":1,"__proto__":{"kind":"other"}}',
  ) as unknown
  expect(desk.check([line('site', 'E08b', poisoned)])).toMatchObject([{ code: 'unrecognized-keys' }])
  expect(desk.get('site', 'constructor')).toBeUndefined()
  expect(desk.check([{ kind: 'constructor' as 'site', id: 'x', expect: 0, value: {} }])).toMatchObject([
    { path: 'kind' },
  ])
})

test('W1 an append that fails changes nothing; one that was kept all the same is found again before the next change', async () => {
  const { acts, desk } = await city()
  const site = desk.get('site', 'E01')!.value
  const rename = (zh: string) =>
    line('site', 'E01', { ...site, name: text(zh) }, desk.get('site', 'E01')!.version)
  acts.failing = 'before'
  await expect(change(desk, [rename('甲')])).rejects.toThrow('the disk is full')
  expect(desk.get('site', 'E01')).toMatchObject({ version: 1, value: { name: text('谯韵酒业') } })
  acts.failing = 'after'
  await expect(change(desk, [rename('乙')])).rejects.toThrow('the sync failed')
  expect(await change(desk, [rename('丙')])).toMatchObject({
    outcome: 'conflict',
    conflicts: [{ current: { version: 2, value: { name: text('乙') } } }],
  })
  expect((await open(acts)).get('site', 'E01')).toEqual(desk.get('site', 'E01'))
})

test('W1 an act missing from the log is told, and what came after it holds', async () => {
  const { acts, desk } = await city()
  const site = desk.get('site', 'E01')!.value
  await change(desk, [line('site', 'E01', { ...site, name: text('甲') }, 1)])
  await change(desk, [line('site', 'E01', { ...site, name: text('乙') }, 2)])
  const hole = {
    ...acts,
    end: 3,
    append: acts.append.bind(acts),
    async *read() {
      for await (const act of acts.read(1)) if (act.seq !== 2) yield act
    },
  }
  const again = await open(hole as unknown as MemoryActs)
  expect(again.get('site', 'E01')).toMatchObject({ version: 3, value: { name: text('乙') } })
  expect(again.problem).toMatch(/act 3 does not follow.*found version 3, expected 2/)
})

test('W1 limits in force at a past time, by local days, the point’s own before its outlet’s', async () => {
  const { desk } = await city()
  await change(desk, [
    line('limit', 'old', { ...codLimit, validTo: '2026-06-30' }),
    line('limit', 'new', { ...codLimit, value: 300, validFrom: '2026-07-01' }),
    line('limit', 'own', {
      ...{
        point: 'E01/cod/w01018',
        side: 'above',
        value: 350,
        unit: 'mg/L',
        level: 'yellow',
        validFrom: '2026-07-01',
      },
    }),
    line('limit', 'other', { ...codLimit, parameter: 'w21003', value: 25 }),
  ])
  const at = (iso: string) => desk.limitsAt('E01/cod/w01018', Date.parse(iso)).map(({ value }) => value)
  expect(at('2025-12-31T15:59:59Z')).toEqual([])
  expect(at('2025-12-31T16:00:00Z')).toEqual([400])
  expect(at('2026-06-30T15:59:59Z')).toEqual([400])
  expect(at('2026-06-30T16:00:00Z')).toEqual([350, 300])
  expect(desk.limitsAt('E01/cod/nothing', nowMs)).toEqual([])
  const [site] = desk.monitored().sites
  expect(site?.devices[0]?.points[0]).toMatchObject({
    intervalS: 3_600,
    limits: [
      { value: 350, level: 'yellow' },
      { value: 300, level: 'orange' },
    ],
  })
})

test('W1 readings are a lead until review and calibration are both in force', async () => {
  const { desk } = await city()
  const grade = (iso: string) => desk.evidenceGrade('E01/cod', Date.parse(iso)).grade
  const review = {
    device: 'E01/cod',
    number: '亳环审〔2026〕1号',
    on: '2026-02-01',
    by: '生态环境局',
    grade: 'enforcement',
  }
  const calibration = {
    device: 'E01/cod',
    on: '2026-03-01',
    expires: '2026-06-01',
    by: '计量院',
    passed: true,
  }
  await change(desk, [line('review', '', review)])
  expect(grade('2026-04-01T00:00:00Z')).toBe('lead')
  await change(desk, [line('calibration', '', calibration)])
  expect(grade('2026-02-20T00:00:00Z')).toBe('lead')
  expect(grade('2026-04-01T00:00:00Z')).toBe('enforcement')
  expect(grade('2026-06-02T00:00:00Z')).toBe('lead')
  await change(desk, [line('calibration', '', { ...calibration, on: '2026-05-01', passed: false })])
  expect(grade('2026-04-30T00:00:00Z')).toBe('enforcement')
  expect(desk.evidenceGrade('E01/cod', Date.parse('2026-05-02T00:00:00Z'))).toMatchObject({
    grade: 'lead',
    review: { id: expect.stringMatching(/^E01\.cod\.review\.亳环审-2026-1号\.[0-9a-f]{8}$/) },
    calibration: { value: { passed: false } },
  })
})

test('W1 whoever needs to know is told after a change is durable, and sees the untouched sites as the same objects', async () => {
  const { acts, desk } = await city()
  const before = desk.monitored()
  let told = 0
  const stop = desk.subscribe(() => {
    told += 1
    expect(desk.version).toBe(acts.end)
  })
  await change(desk, [line('site', 'E02', { ...desk.get('site', 'E02')!.value, gateway: 'gw2' }, 1)])
  const after = desk.monitored()
  expect(told).toBe(1)
  expect(after.sites[0]).toBe(before.sites[0])
  expect(after.sites[1]).toMatchObject({ id: 'E02', gateway: 'gw2' })
  await change(desk, [line('site', 'E02', { ...desk.get('site', 'E02')!.value }, 2)])
  expect([told, acts.end]).toEqual([1, 2])
  stop()
})
