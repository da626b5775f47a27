import {
  type Action,
  actions,
  type Grant,
  isWithin,
  permits,
  type Role,
  roles,
  type Scope,
} from '@farwatch/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coversAll, grantProblem } from './grants.ts'

const codes = ['340000', '341600', '341602', '341623', '110000']
const enterprises: Readonly<Record<string, Scope>> = {
  '91341600000000000A': { jurisdiction: '341602', departments: ['yingji'], enterprise: '91341600000000000A' },
  '91341600000000000B': { jurisdiction: '341623', departments: [], enterprise: '91341600000000000B' },
}
const scopeOf = (enterprise: string) => enterprises[enterprise]

const ofAuthority = fc.record({
  role: fc.constantFrom(...roles.filter((role) => role !== 'enterprise')),
  jurisdiction: fc.constantFrom(null, ...codes),
  department: fc.constantFrom(null, 'yingji', 'huanbao'),
  enterprise: fc.constant(null),
})
const ofEnterprise = fc.record({
  role: fc.constant<Role>('enterprise'),
  jurisdiction: fc.constant(null),
  department: fc.constant(null),
  enterprise: fc.constantFrom(...Object.keys(enterprises)),
})
const anyGrant: fc.Arbitrary<Grant> = fc.oneof({ weight: 3, arbitrary: ofAuthority }, ofEnterprise)
const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.record({
    jurisdiction: fc.constantFrom(null, ...codes, '341602001'),
    departments: fc.subarray(['yingji', 'huanbao', 'zhujian']),
    enterprise: fc.constant(null),
  }),
  fc.constantFrom(...Object.values(enterprises)),
)
const who = (grants: readonly Grant[]) => ({
  actor: { account: 'a', name: 'a', via: 'session' as const, from: null },
  grants,
})

test('W2 whoever is given only what another one covers can do nothing that the other one cannot', () => {
  fc.assert(
    fc.property(
      fc.array(anyGrant, { maxLength: 4 }),
      fc.array(anyGrant, { maxLength: 3 }),
      fc.constantFrom(...(Object.keys(actions) as Action[])),
      scope,
      (own, given, action, where) => {
        if (!coversAll(own, given, scopeOf)) return
        if (permits(who(given), action, where)) expect(permits(who(own), action, where)).toBe(true)
      },
    ),
    { numRuns: 20_000 },
  )
})

test('W2 an administrator of a county gives rights in the county, to all roles, and nowhere else', () => {
  const county: Grant = { role: 'administrator', jurisdiction: '341602', department: null, enterprise: null }
  for (const role of roles.filter((one) => one !== 'enterprise')) {
    const at = (jurisdiction: string | null): Grant => ({ ...county, role, jurisdiction })
    expect(coversAll([county], [at('341602'), at('341602001')], scopeOf)).toBe(true)
    for (const other of ['341600', '341623', null]) {
      expect(other !== null && isWithin(other, '341602')).toBe(false)
      expect(coversAll([county], [at(other)], scopeOf)).toBe(false)
    }
  }
  const plant = (enterprise: string): Grant => ({
    role: 'enterprise',
    jurisdiction: null,
    department: null,
    enterprise,
  })
  expect(coversAll([county], [plant('91341600000000000A')], scopeOf)).toBe(true)
  expect(coversAll([county], [plant('91341600000000000B')], scopeOf)).toBe(false)
  expect(coversAll([county], [plant('91341600000000000C')], scopeOf)).toBe(false)
  expect(coversAll([{ ...county, role: 'manager' }], [county], scopeOf)).toBe(false)
})

test('W2 an enterprise stands with its role and with no other', () => {
  const enterprise = '91341600000000000A'
  const grant: Grant = { role: 'enterprise', jurisdiction: null, department: null, enterprise }
  expect(grantProblem(grant)).toBeUndefined()
  expect(grantProblem({ ...grant, role: 'operator' })).toMatch(/expected/)
  expect(grantProblem({ ...grant, enterprise: null })).toMatch(/expected/)
  expect(grantProblem({ ...grant, jurisdiction: '341602' })).toMatch(/expected/)
})
