import type { Actor, Change, EntityKind, RegistryDesk } from '@farwatch/model'
import { createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { openRegistry, type RegistryDeps, type RegistryService } from './open.ts'
import { MemoryActs } from './testing.ts'

export const wang: Actor = { account: 'wang', name: '王管理', via: 'session', from: '127.0.0.1' }
/** 2026-11-23 16:00 in Bozhou. */
export const nowMs = Date.parse('2026-11-23T08:00:00Z')

export const enterpriseCodes = ['91341602MA2TDEM017', '91341621MA2TDEM02T'] as const

export function text(name: string) {
  return { zh: name, en: name }
}

export const line = (kind: EntityKind, id: string, value: unknown, expect = 0): Change => ({
  ...{ kind, id, expect, value },
})

/** Two counties with a department, an enterprise and a site each; the first site has a device with a point, and an outlet. */
export function cityLines(codes: readonly [string, string] = enterpriseCodes): Change[] {
  return [
    line('jurisdiction', '341602', { name: text('谯城区') }),
    line('jurisdiction', '341621', { name: text('涡阳县') }),
    line('department', 'eco-qiaocheng', { name: text('谯城生态环境分局'), jurisdiction: '341602' }),
    line('enterprise', codes[0], {
      ...{ name: text('谯韵酒业'), jurisdiction: '341602', departments: ['eco-qiaocheng'] },
    }),
    line('enterprise', codes[1], { name: text('涡浪酒厂'), jurisdiction: '341621' }),
    line('site', 'E01', { name: text('谯韵酒业'), latitude: 33.9, longitude: 115.7, enterprise: codes[0] }),
    line('site', 'E02', { name: text('涡浪酒厂'), latitude: 33.5, longitude: 116.2, enterprise: codes[1] }),
    line('outlet', 'E01/DW001', { name: text('总排口'), kind: 'waste-water' }),
    line('device', 'E01/cod', { name: text('COD 分析仪') }),
    line('point', 'E01/cod/w01018', {
      ...{ name: text('COD'), unit: 'mg/L', outlet: 'DW001', parameter: 'w01018', measurementCycleS: 3_600 },
    }),
  ]
}

export const codLimit = {
  ...{ outlet: 'E01/DW001', parameter: 'w01018', side: 'above', value: 400, unit: 'mg/L', level: 'orange' },
  validFrom: '2026-01-01',
}

/** A registry on a log in memory, at a fixed time. */
export function open(acts = new MemoryActs(), over: Partial<RegistryDeps> = {}): Promise<RegistryService> {
  const clock = { ...systemClock, now: () => nowMs }
  return openRegistry({ acts, clock, log: silentLog, metrics: createMetrics(), ...over })
}

export function change(desk: RegistryDesk, changes: readonly Change[], reason: string | null = null) {
  return desk.change(changes, { actor: wang, reason })
}
