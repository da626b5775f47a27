import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runBacklog } from './soak/faults/backlog.ts'

test('J3 an uplink cut for 72 simulated hours with 200 points: live readings pass the backlog, and all of it is there once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-backlog-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const result = await runBacklog({
    ...{ folder, cutHours: 72, points: 200, everyS: 180, liveEveryMs: 10, liveSamples: 50 },
    signal: AbortSignal.timeout(150_000),
  })
  console.log(JSON.stringify(result))
  expect(result.once).toBe(result.sent)
  expect(result.doubles).toBe(0)
  expect(result.backlogLeft).toBeGreaterThan(result.backlog / 2)
}, 180_000)
