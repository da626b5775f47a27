import type { History, LastValue, PointView } from '@farwatch/model'
import { useEffect, useMemo, useRef, useState } from 'react'
import { live, useNow, useValue } from '../live/hooks.ts'
import { fetchHistory, type Range, ranges } from './history.ts'
import { type Span, type TrendSeries, trendSeries } from './series.ts'

/** More than an hour of one value a second; older ones are in the next reading of the history. */
const longestTail = 4_000

export interface Trend {
  readonly status: 'loading' | 'ready' | 'failed'
  readonly series: TrendSeries
  readonly window: Span
  readonly retry: () => void
}

/** History from the centre, read anew now and then, with what the socket brings appended at once. */
export function useTrend(point: PointView, range: Range): Trend {
  const [history, setHistory] = useState<History>()
  const [failed, setFailed] = useState(false)
  const [attempt, setAttempt] = useState(0)
  const tail = useRef<LastValue[]>([])
  const value = useValue(point.key)
  const nowMs = useNow()

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` is the retry
  useEffect(() => {
    const abort = new AbortController()
    tail.current = []
    setHistory(undefined)
    setFailed(false)
    const read = () => {
      const toMs = Math.ceil(live.clock.now())
      fetchHistory({ point: point.key, range, toMs }, abort.signal)
        .then((found) => {
          tail.current = tail.current.filter((one) => one.receivedMs > toMs - 5_000)
          setHistory(found)
          setFailed(false)
        })
        .catch(() => {
          if (!abort.signal.aborted) setFailed(true)
        })
    }
    read()
    const timer = setInterval(read, ranges[range].refreshMs)
    return () => {
      clearInterval(timer)
      abort.abort()
    }
  }, [point.key, range, attempt])

  useEffect(() => {
    if (value === undefined) return
    tail.current.push(value)
    if (tail.current.length > longestTail) tail.current.splice(0, tail.current.length - longestTail)
  }, [value])

  const series = useMemo(() => {
    const window = { fromMs: nowMs - ranges[range].lengthMs, toMs: nowMs }
    return {
      window,
      series: trendSeries(history ?? { rows: [], stepMs: null }, history ? tail.current : [], {
        ...window,
        intervalS: point.intervalS,
      }),
    }
  }, [history, nowMs, range, point.intervalS])

  return {
    ...series,
    status: history !== undefined ? 'ready' : failed ? 'failed' : 'loading',
    retry: () => setAttempt(attempt + 1),
  }
}
