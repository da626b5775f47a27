import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noHash } from '@farwatch/evidence'
import { Delivery, decodeRecord, type LossDeclaration } from '@farwatch/model'
import { createMetrics, type Journal, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Chains } from './chains.ts'
import { Deliveries } from './deliveries.ts'
import { deliveryMetrics } from './delivery-metrics.ts'

let home: string
let journal: Journal
let chains: Chains
let deliveries: Deliveries
let nowMs = 1_795_440_000_000
const clock = { ...systemClock, now: () => nowMs, monotonicMs: () => nowMs }
const chain = '00000000000000aa'

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-deliveries-'))
  journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
  chains = await Chains.open(join(home, 'chains.json'), journal)
  deliveries = await open()
})
afterEach(async () => {
  await journal.close()
  await rm(home, { recursive: true, force: true })
})

const open = () => Deliveries.open({ journal, clock, log: silentLog, chains, home })

async function told(): Promise<Delivery[]> {
  const records = (await journal.read(1)).map(({ payload }) => decodeRecord(payload!))
  return records.flatMap((one) =>
    one.kind === 'delivery' ? [Delivery.parse(JSON.parse(Buffer.from(one.bytes).toString()))] : [],
  )
}

function take(seq: number): void {
  const header = { v: 1 as const, gateway: 'GW-1', chain, boot: 'b', seq, prev: noHash, root: noHash }
  chains.advance({ ...header, series: 1, readings: 1, madeMs: 1, monotonicMs: 1 }, noHash, nowMs)
}

const stored = (seq: number) => ({ verdict: 'stored' as const, seq })

test('J2 each verdict is counted, the last abnormal one stays with its reason, also over a restart', async () => {
  for (const seq of [1, 2, 9]) take(seq)
  deliveries.judged('GW-1', chain, [stored(1), { verdict: 'duplicate', seq: 1 }, stored(2)])
  deliveries.judged('GW-1', chain, [stored(9), { verdict: 'gap', seq: 9, expected: 3 }])
  deliveries.judged('GW-1', chain, [{ verdict: 'forked', seq: 2, reason: 'another one' }])
  await deliveries.tell()
  deliveries = await open()
  deliveries.judged('GW-1', chain, [stored(3)])
  expect(deliveries.all()).toMatchObject([
    {
      ...{ gateway: 'GW-1', chain, islands: 2 },
      verdicts: { stored: 4, duplicate: 1, rejected: 0, held: 0, forked: 1, gap: 1, declared: 0 },
      missing: { holes: 1, batches: 6, list: [{ chain, from: 3, to: 8 }] },
      abnormal: { verdict: 'forked', seq: 2, reason: 'another one', atMs: nowMs },
      twin: { sign: 'forked', atMs: nowMs },
    },
  ])
  expect(await told()).toHaveLength(1)
})

test('J2 what someone should see is told at once, mere counts seldom, and nothing when nothing came', async () => {
  deliveries.judged('GW-1', chain, [stored(1)])
  await deliveries.tell()
  for (let i = 0; i < 5; i++) {
    nowMs += 5_000
    deliveries.judged('GW-1', chain, [stored(2)])
    await deliveries.tell()
  }
  expect(await told()).toHaveLength(1)
  deliveries.judged('GW-1', chain, [{ verdict: 'held', seq: 3, reason: 'key not enrolled' }])
  await deliveries.tell()
  await deliveries.tell()
  await deliveries.tell(true)
  expect((await told()).map(({ verdicts }) => [verdicts.stored, verdicts.held])).toEqual([
    [1, 0],
    [6, 1],
  ])
})

test('J2 declared losses are counted and shrink when a batch comes after all; metrics say the same', async () => {
  const metrics = createMetrics()
  deliveryMetrics(metrics, () => deliveries.all())
  for (const seq of [1, 9]) take(seq)
  const loss: LossDeclaration = {
    ...{
      v: 1,
      kind: 'loss',
      gateway: 'GW-1',
      chain,
      from: 2,
      to: 6,
      readings: 50,
      reason: 'bytes',
      madeMs: 7,
    },
  }
  chains.declare(loss, nowMs)
  deliveries.declared(loss)
  deliveries.judged('GW-1', chain, [{ verdict: 'declared', from: 2, seq: 6 }])
  take(4)
  expect(deliveries.all()).toMatchObject([
    {
      lost: { declarations: 1, batches: 4, readings: 50, list: [{ from: 2, to: 6, declaredMs: 7 }] },
      missing: { holes: 1, batches: 2 },
    },
  ])
  const text = await metrics.metrics()
  expect(text).toContain('farwatch_gateway_holes{gateway="GW-1"} 1')
  expect(text).toContain('farwatch_gateway_lost_batches{gateway="GW-1"} 4')
  expect(text).toContain('farwatch_gateway_verdicts{gateway="GW-1",verdict="declared"} 1')
})

test('J2 connections that take each other over in turn are two senders of one name; one that lost its line is not', async () => {
  for (let i = 0; i < 5; i++) {
    nowMs += 60_000
    deliveries.takenOver('GW-1')
  }
  expect(deliveries.all()[0]?.twin).toBeNull()
  for (let i = 0; i < 2; i++) {
    nowMs += 1_000
    deliveries.takenOver('GW-1')
  }
  expect(deliveries.all()[0]?.twin).toEqual({ sign: 'taken-over', atMs: nowMs })
})
