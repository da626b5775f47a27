import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchHash, generateKeyPem, noHash, sealBatch, signingKey } from '@farwatch/evidence'
import { encodeBatch, type Verdict } from '@farwatch/model'
import { openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { createWindow } from './window.ts'

const chain = '00000000000000aa'

const series = {
  point: 'S/d/m',
  timeSource: 'device' as const,
  timesMs: Float64Array.of(1_700_000_000_000),
  values: Float64Array.of(1),
  qualities: Uint16Array.of(0),
}

async function windowOver(batches: number) {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-window-'))
  const journal = await openJournal({ folder, log: silentLog })
  onTestFinished(async () => {
    await journal.close()
    await rm(folder, { recursive: true, force: true })
  })
  const cursor = await journal.cursor('uplink')
  const key = signingKey(generateKeyPem())
  let prev = noHash
  for (let seq = 1; seq <= batches; seq++) {
    const place = { gateway: 'GW-1', chain, boot: chain, seq, prev, madeMs: 1, monotonicMs: 1 }
    const batch = sealBatch([series], place, key)
    await journal.append(encodeBatch(batch))
    prev = batchHash(batch)
  }
  const window = createWindow(cursor, { journal, clock: systemClock, log: silentLog })
  const sending = new AbortController()
  for (const record of await journal.read(1)) {
    if (record.payload !== undefined) await window.admits(record, window.until(sending.signal))
  }
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

test('F2 what the centre holds or misses is sent again from there, and kept', async () => {
  for (const answer of [
    { verdict: 'held', seq: 2, reason: 'its key is not enrolled' },
    { verdict: 'gap', seq: 3, expected: 2 },
  ] as const) {
    const { window, cursor, receive } = await windowOver(3)
    receive([{ verdict: 'stored', seq: 1 }])
    expect(window.next).toBe(4)
    receive([answer])
    expect(window.next).toBe(2)
    expect(cursor.position).toBe(2)
  }
})

test('F2 receipts for another chain, for batches that do not exist, and rubbish forget nothing', async () => {
  const { window, cursor, receive } = await windowOver(2)
  receive([{ verdict: 'stored', seq: 1 }], '00000000000000bb')
  receive([{ verdict: 'stored', seq: 3 }])
  window.receive(Buffer.from('{"v": 1'))
  expect(cursor.position).toBe(1)
})
