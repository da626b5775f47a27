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
  const clock = { ...systemClock, monotonicMs: () => 1_000 }
  const console = await startConsole({ requestBounds: { burst: 20, perSecond: 2 } }, { clock })
  try {
    const statuses: number[] = []
    let last: Response | undefined
    for (let i = 0; i < 21; i++) {
      last = await fetch(`${console.url}/api/health`)
      await last.arrayBuffer()
      statuses.push(last.status)
    }
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 200), 429])
    expect(last?.headers.get('retry-after')).toBe('1')
    expect(last?.headers.get('content-type')).toContain('application/problem+json')
  } finally {
    await console.stop()
  }
})
