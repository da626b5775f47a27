import { useCallback, useEffect, useState } from 'react'
import type { Answer } from './api.ts'

export interface Asked<T> {
  /** Undefined until the first answer; while another is awaited, the one before. */
  readonly answer: Answer<T> | undefined
  readonly again: () => void
}

/** Asks when `ask` changes, which should be made by `useCallback`; an answer that was overtaken is dropped. */
export function useAnswer<T>(ask: () => Promise<Answer<T>>): Asked<T> {
  const [answer, setAnswer] = useState<Answer<T>>()
  const [round, setRound] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks once more
  useEffect(() => {
    let overtaken = false
    void ask().then((value) => {
      if (!overtaken) setAnswer(value)
    })
    return () => {
      overtaken = true
    }
  }, [ask, round])
  return { answer, again: useCallback(() => setRound((before) => before + 1), []) }
}
