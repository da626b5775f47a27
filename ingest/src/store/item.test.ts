import { expect, test } from 'vitest'
import { readItem } from './item.ts'

test('J1 a record that the disk no longer gives back stands in quarantine, and the writer goes on', () => {
  const item = readItem({ position: 7, payload: undefined, damaged: { first: 5, next: 9 } })
  expect(item.source.position).toBe(7)
  expect(item.content).toMatchObject({
    kind: 'refusal',
    refusal: { reason: 'journal-damaged: the disk no longer gives back records 5 to 8' },
  })
})
