import { cityFolder } from '@farwatch/firmware-sim'
import { entityKinds } from '@farwatch/model'
import { openRegistry } from '@farwatch/registry'
import { MemoryActs } from '@farwatch/registry/testing'
import { createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { loadConfiguration } from './configuration.ts'

const loaded = await loadConfiguration(cityFolder, {
  gatewayFiles: [],
  variables: {
    ...{ FARWATCH_CENTRE: 'mqtt://127.0.0.1:1', FARWATCH_SIM_OPCUA: 'opc.tcp://127.0.0.1:2' },
    ...{ FARWATCH_SIM_MODBUS: '127.0.0.1:3', FARWATCH_SIM_E09: '127.0.0.1:4' },
  },
})

function open(acts: MemoryActs) {
  const files = { registry: loaded.registry, supervision: loaded.supervision }
  return openRegistry({ acts, clock: systemClock, log: silentLog, metrics: createMetrics(), files })
}

test('W1 the demo city comes into the registry as one act, whole, and is monitored exactly as its YAML says', async () => {
  const acts = new MemoryActs()
  const desk = await open(acts)
  expect(acts.end).toBe(1)
  expect(desk.monitored()).toEqual(loaded.registry)
  const counts = Object.fromEntries(entityKinds.map((kind) => [kind, desk.list(kind).length]))
  const { jurisdictions, departments, enterprises, officers, items } = loaded.supervision
  expect(counts).toMatchObject({
    ...{
      jurisdiction: jurisdictions.length,
      department: departments.length,
      site: loaded.registry.sites.length,
    },
    ...{ enterprise: enterprises.length, officer: officers.length, item: items.length },
  })
  expect(desk.scopeOf('point', 'E10/station1/pm10')).toMatchObject({
    jurisdiction: '341621',
    departments: ['gy-housing', 'bz-ecology'],
    enterprise: '91341621MA0DEM010T',
  })
  expect(desk.limitsAt('E01/cellar/LEL01', Date.now()).map(({ value, level }) => [value, level])).toEqual([
    [25, 'orange'],
    [50, 'red'],
  ])
  await desk.stop()
})

test('W1 a second start adds nothing, and what people changed or retired meanwhile stays theirs', async () => {
  const acts = new MemoryActs()
  const desk = await open(acts)
  const by = { actor: { account: 'wang', name: '王', via: 'session', from: null }, reason: null } as const
  const site = desk.get('site', 'E01')!
  const limit = desk.list('limit').find(({ value }) => value.point === 'E01/cellar/LEL01')!
  const name = { zh: '谯韵老厂', en: 'Old works' }
  const changes = [
    { kind: 'site', id: 'E01', expect: 1, value: { ...site.value, name } },
    { kind: 'limit', id: limit.id, expect: 1, value: null },
  ] as const
  expect(await desk.change(changes, by)).toMatchObject({ outcome: 'done' })
  await desk.stop()
  const again = await open(acts)
  expect(acts.end).toBe(2)
  expect(again.get('site', 'E01')?.value.name).toEqual(name)
  expect(again.get('limit', limit.id)).toBeUndefined()
  await again.stop()
})
