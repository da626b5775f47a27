import { isUsable } from '@farwatch/model'
import type { Rule } from '../language/rule.ts'

/** A reading as it was measured. */
export interface Measured {
  readonly point: string
  readonly timeMs: number
  readonly value: number
  readonly quality: number
}

/** A time that a condition was set; `returnMs` null: it still is. */
export interface Episode {
  readonly setMs: number
  readonly returnMs: number | null
}

/**
 * What a threshold means, looking at everything that was measured of one point, in the order of its times: a value holds
 * until the next reading; beyond the limit for the duration it sets; at the clear limit it returns; what cannot be used is
 * no basis and its time does not count. Slow and plain, and nothing of the engine is in it.
 */
export function episodesOf(rule: Rule, measured: readonly Measured[]): Episode[] {
  const { when } = rule
  if (when.type !== 'threshold') return []
  const further = (value: number, than: number) => (when.side === 'above' ? value > than : value < than)
  const readings = measured.toSorted((a, b) => a.timeMs - b.timeMs)
  const durationMs = when.durationS * 1000
  const episodes: Episode[] = []
  let setMs: number | undefined
  let beyondMs: number | undefined
  readings.forEach((reading, i) => {
    if (!isFit(reading)) return
    const { timeMs, value } = reading
    if (setMs !== undefined) {
      if (further(value, when.clear)) return
      episodes.push({ setMs, returnMs: timeMs })
      setMs = undefined
      return
    }
    if (!further(value, when.limit)) {
      beyondMs = undefined
      return
    }
    beyondMs ??= 0
    const next = readings[i + 1]
    const dueMs = timeMs + durationMs - beyondMs
    const goesOn = next === undefined || dueMs < next.timeMs
    if (goesOn || (dueMs === next.timeMs && isFit(next) && further(next.value, when.limit))) {
      setMs = dueMs
      beyondMs = undefined
    } else beyondMs += next.timeMs - timeMs
  })
  return setMs === undefined ? episodes : [...episodes, { setMs, returnMs: null }]
}

/** The alerts of it where nobody acknowledges any: one for each rule and point, from the first set to the last return. */
export function alertsOf(rules: readonly Rule[], measured: readonly Measured[]): string[] {
  const points = Map.groupBy(measured, ({ point }) => point)
  return rules
    .flatMap((rule) =>
      [...points].flatMap(([point, readings]) => {
        const episodes = episodesOf(rule, readings)
        if (episodes.length === 0) return []
        return [[rule.id, point, episodes[0]!.setMs, episodes.at(-1)!.returnMs, rule.level].join(' ')]
      }),
    )
    .sort()
}

function isFit({ value, quality }: Measured): boolean {
  return isUsable(quality) && !Number.isNaN(value)
}
