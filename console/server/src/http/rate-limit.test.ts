import { systemClock } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { startConsole } from '../testing.ts'
import { RateLimit } from './rate-limit.ts'

test('W5 a caller has a burst and then a rate; another one has its own', () => {
  let nowMs = 0
  const limit = new RateLimit({ burst: 3, perSecond: 2, callers: 10 }, { monotonicMs: () => nowMs })
  expect([1, 2, 3].map(() => limit.take('a'))).toEqual([0, 0, 0])
  expect(limit.take('a')).toBe(500)
  expect(limit.take('b')).toBe(0)
  nowMs += 400
  expect(limit.take('a')).toBe(100)
  nowMs += 100
  expect(limit.take('a')).toBe(0)
  nowMs += 3_600_000
  expect([1, 2, 3, 4].map(() => limit.take('a') > 0)).toEqual([false, false, false, true])
})

test('W5 a million addresses do not fill the memory', () => {
  const limit = new RateLimit({ burst: 1, perSecond: 1, callers: 1_000 }, { monotonicMs: () => 0 })
  for (let i = 0; i < 100_000; i++) limit.take(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  expect(limit.size).toBe(1_000)
})

test('W5 a flood of requests is answered with 429 and when to come again', async () => {
  // Time stands, so that the machine's speed decides nothing.
  const console = await startConsole({}, { clock: { ...systemClock, monotonicMs: () => 1_000 } })
  try {
    const statuses = new Set<number>()
    let last: Response | undefined
    for (let i = 0; i < 2_001; i += 100) {
      const answers = await Promise.all(
        Array.from({ length: Math.min(100, 2_001 - i) }, () => fetch(`${console.url}/api/health`)),
      )
      for (const answer of answers) {
        statuses.add(answer.status)
        if (answer.status === 429) last = answer
        await answer.arrayBuffer()
      }
    }
    expect([...statuses]).toEqual([200, 429])
    expect(last?.headers.get('retry-after')).toBe('1')
    expect(last?.headers.get('content-type')).toContain('application/problem+json')
  } finally {
    await console.stop()
  }
})
