import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Verdict } from '@farwatch/model'
import { openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { createWindow } from './window.ts'

const chain = '00000000000000aa'

async function windowOver(batches: number) {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-window-'))
  const journal = await openJournal({ folder, log: silentLog })
  onTestFinished(async () => {
    await journal.close()
    await rm(folder, { recursive: true, force: true })
  })
  const cursor = await journal.cursor('uplink')
  for (let i = 0; i < batches; i++) await journal.append(Uint8Array.of(i))
  const window = createWindow(cursor, { chain, journal, clock: systemClock, log: silentLog })
  const receive = (verdicts: readonly Verdict[], of = chain) =>
    window.receive(Buffer.from(JSON.stringify({ v: 1, chain: of, verdicts })))
  return { window, cursor, receive }
}

test('F2 the cursor goes over what was answered for, without holes', async () => {
  const { cursor, receive } = await windowOver(4)
  receive([{ verdict: 'stored', seq: 2 }])
  expect(cursor.position).toBe(1)
  receive([
    { verdict: 'duplicate', seq: 1 },
    { verdict: 'rejected', seq: 3, reason: 'foreign' },
  ])
  expect(cursor.position).toBe(4)
})

test('F2 receipts for another chain, for batches that do not exist, and rubbish forget nothing', async () => {
  const { window, cursor, receive } = await windowOver(2)
  receive([{ verdict: 'stored', seq: 1 }], '00000000000000bb')
  receive([{ verdict: 'stored', seq: 3 }])
  window.receive(Buffer.from('{"v": 1'))
  expect(cursor.position).toBe(1)
})
