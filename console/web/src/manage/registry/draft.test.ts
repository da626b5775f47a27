import type { Entity, Field, KindFields } from '@farwatch/model'
import { describe, expect, test } from 'vitest'
import { manageAddress, parseManage } from '../address.ts'
import { differences, draftOf, fieldOfProblem, idOf, valueIn } from './draft.ts'
import { limitState, limitsOfPoint } from './limit-periods.ts'

const field = (path: string, type: Field['type'] = 'text'): Field => ({
  ...{ path, type, label: { zh: path, en: path }, required: false },
})
const device: KindFields = {
  ...{ kind: 'device', label: { zh: '设备', en: 'Devices' }, idMade: false },
  id: [field('id.0', 'name'), field('id.1', 'name')],
  fields: [
    ...[
      field('name.zh'),
      field('latitude', 'number'),
      field('range.0', 'number'),
      field('range.1', 'number'),
    ],
    ...[field('keyUnit', 'boolean'), field('skills', 'texts'), field('contacts', 'contacts')],
  ],
}
const value = {
  name: { zh: '气' },
  keyUnit: true,
  skills: ['a;b', 'c'],
  contacts: [{ name: '王', phone: '1' }],
}

describe('W1 what a form says', () => {
  const opened = draftOf(device, 'E01/gas', value)

  test('W1 what nobody touched stays as it was, even what the form cannot write', () => {
    expect(idOf(device, opened)).toBe('E01/gas')
    expect(valueIn(device, opened, { before: value, opened })).toEqual(value)
    const draft = { ...opened, 'name.zh': ' 新 ', latitude: '33.5' }
    expect(valueIn(device, draft, { before: value, opened })).toEqual({
      ...value,
      name: { zh: '新' },
      latitude: 33.5,
    })
  })

  test('W1 an emptied field goes, half a range stays half, no number is passed on as it was written', () => {
    const draft = { ...opened, 'name.zh': '', keyUnit: '', 'range.1': '5', latitude: 'north', contacts: [] }
    expect(valueIn(device, draft, { before: value, opened })).toEqual({
      ...{ skills: ['a;b', 'c'], contacts: [], latitude: 'north', range: [undefined, 5] },
    })
  })

  test('W1 upon what somebody else has written meanwhile, only what was touched is put', () => {
    const theirs = { ...value, name: { zh: '他' }, skills: ['x'] }
    const draft = { ...opened, keyUnit: 'false' }
    expect(valueIn(device, draft, { before: theirs, opened })).toEqual({ ...theirs, keyUnit: false })
    expect(
      differences(device, [value, theirs], 'zh').map((one) => [one.field.path, one.before, one.after]),
    ).toEqual([
      ['name.zh', '气', '他'],
      ['skills', 'a;b; c', 'x'],
    ])
  })

  test('W1 a problem finds its field: itself, within it, or its first part', () => {
    const at = (path: string) => fieldOfProblem(device, { path })?.path
    expect([at('latitude'), at('contacts.0.phone'), at('range'), at('id'), at(''), at('nothing')]).toEqual([
      ...['latitude', 'contacts', 'range.0', 'id.0', undefined, undefined],
    ])
  })
})

test('W1 limits of a point and of its outlet, and which of them is in force', () => {
  const limit = (id: string, over: object) =>
    ({ kind: 'limit', id, value: { validFrom: '2026-01-01', ...over } }) as unknown as Entity<'limit'>
  const point = {
    kind: 'point',
    id: 'E01/gas/lel',
    value: { outlet: 'DA1', parameter: 'p' },
  } as unknown as Entity<'point'>
  const limits = [
    limit('own', { point: 'E01/gas/lel' }),
    limit('outlet', { outlet: 'E01/DA1', parameter: 'p', validFrom: '2026-06-01' }),
    limit('other parameter', { outlet: 'E01/DA1', parameter: 'q' }),
    limit('other site', { outlet: 'E02/DA1', parameter: 'p' }),
  ]
  expect(limitsOfPoint(point, limits).map(({ id }) => id)).toEqual(['outlet', 'own'])
  const states = ['2025-12-31', '2026-01-01', '2026-03-31', '2026-04-01'].map((today) =>
    limitState(limit('l', { validTo: '2026-03-31' }).value, today),
  )
  expect(states).toEqual(['later', 'inForce', 'inForce', 'over'])
})

test('an address of the management area and back, with slashes in its parts; a broken one is the beginning', () => {
  const parts = ['registry', 'device', 'E01/燃气']
  expect(parseManage(manageAddress(...parts))).toEqual(parts)
  expect(parseManage('#/manage/%E0%A4%A')).toEqual([])
})
