import { expect, test } from 'vitest'
import { benchRules } from './bench.ts'
import { benchRestore } from './bench-restore.ts'

test('F7 the bench of the rules counts every evaluation, and engine, bare RxJS and oracle agree', async () => {
  const figure = await benchRules({ points: 300, rounds: 200 })
  expect(figure.samples).toBe(300 * 200 * 3)
  expect(figure.transitions).toBeGreaterThan(1_000)
  expect(figure.value).toBeGreaterThan(0)
})

test('R3 an engine restored from its checkpoint is the one that wrote it', async () => {
  const figure = await benchRestore(1_000)
  expect(figure.conditions).toBe(3_000)
})
