import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noHash } from '@farwatch/evidence'
import type { BatchHeader } from '@farwatch/model'
import { openJournal, silentLog } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { Chains } from './chains.ts'
import { GapReminder } from './gap-reminder.ts'

test('J2 a hole that nothing fills is asked for again every half minute, one that is being filled is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-gaps-'))
  const journal = await openJournal({ folder, log: silentLog })
  const chains = await Chains.open(join(folder, 'chains.json'), journal)
  const take = (seq: number) => chains.advance(header(seq), noHash, 1)
  const reminder = new GapReminder(chains)
  take(1)
  expect(reminder.due(0)).toEqual([])
  take(9)
  expect(reminder.due(30_000)).toEqual([])
  take(2)
  expect(reminder.due(60_000)).toEqual([])
  const asked = { gateway: 'GW-1', chain: 'c', verdicts: [{ verdict: 'gap', seq: 9, expected: 3 }] }
  expect(reminder.due(90_000)).toEqual([asked])
  expect(reminder.due(120_000)).toEqual([asked])
  for (let seq = 3; seq < 9; seq++) take(seq)
  expect(reminder.due(150_000)).toEqual([])
  await journal.close()
  await rm(folder, { recursive: true })
})

function header(seq: number): BatchHeader {
  return {
    ...{ v: 1, gateway: 'GW-1', chain: 'c', boot: 'b', seq, prev: noHash, root: noHash },
    ...{ series: 1, readings: 1, madeMs: 1, monotonicMs: 1 },
  }
}
