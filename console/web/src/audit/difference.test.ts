import { expect, test } from 'vitest'
import { differencesOf } from './difference.ts'

test('W4 before and after are shown as what differs, leaf by leaf', () => {
  const before = { name: 'Tank', limit: { value: 5, unit: 'm' }, gone: [1], same: null }
  const after = { name: 'Tank', limit: { value: 6, unit: 'm' }, made: 'x', same: null }
  expect(differencesOf(before, after)).toEqual([
    { path: 'limit.value', before: '5', after: '6' },
    { path: 'made', before: undefined, after: 'x' },
    { path: 'gone.0', before: '1', after: undefined },
  ])
})

test('W4 what is made or retired is shown whole', () => {
  expect(differencesOf(null, { a: 1 })).toEqual([{ path: 'a', before: undefined, after: '1' }])
  expect(differencesOf('old', null)).toEqual([{ path: '', before: 'old', after: undefined }])
  expect(differencesOf(null, null)).toEqual([])
})

test('W4 an act of a whole import does not stall the page', () => {
  const rows = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`row${i}`, { value: i }]))
  expect(differencesOf(null, rows).length).toBeLessThanOrEqual(501)
})
