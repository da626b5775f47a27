import { z } from 'zod'
import type { When } from '../language/rule.ts'
import { type Condition, figure, noOutputs, type Step, text } from './condition.ts'

const State = z.discriminatedUnion('phase', [
  /** Nothing has come yet, ever. */
  z.strictObject({ phase: z.literal('unseen') }),
  /** `sinceMs`: not counted from before then. */
  z.strictObject({ phase: z.literal('watching'), sinceMs: z.number() }),
  z.strictObject({ phase: z.literal('silent') }),
])
type State = z.infer<typeof State>

const unseen: State = { phase: 'unseen' }
const silent: State = { phase: 'silent' }

/** A point asked more often than this is still given this long, seconds. */
const shortestIntervalS = 10

/**
 * No value for some of the point's intervals, judged by arrival: what a device claims about its clock does not matter.
 * A reading without a value (a gateway saying that it cannot reach the device) is no sign of life; one with a value is,
 * late or of bad quality.
 */
export function silence(when: When & { type: 'silence' }, intervalS: number): Condition<State> {
  const periodMs = when.intervals * Math.max(intervalS, shortestIntervalS) * 1000

  const watch = (nowMs: number): Step<State> => ({
    state: { phase: 'watching', sinceMs: nowMs },
    outputs: noOutputs,
    wakeAt: nowMs + periodMs,
  })

  return {
    clock: 'arrival',
    limit: null,
    stateVersion: 1,
    schema: State,
    initial: (active) => (active ? silent : unseen),

    step(state, input) {
      const { nowMs, arrivedMs } = input
      if (input.kind === 'reading') {
        if (state.phase === 'watching' || Number.isNaN(input.value)) return undefined
        if (state.phase === 'unseen') return watch(nowMs)
        return { ...watch(nowMs), outputs: [{ kind: 'return', atMs: nowMs, value: null, worst: null }] }
      }
      if (input.kind === 'resume') {
        if (state.phase === 'silent') return undefined
        const known = state.phase === 'watching' || when.unseen || Number.isFinite(arrivedMs)
        return known ? watch(nowMs) : undefined
      }
      if (state.phase !== 'watching') return undefined
      // Readings do not touch the timer: when it rings, what has arrived since decides.
      const deadlineMs = Math.max(arrivedMs, state.sinceMs) + periodMs
      if (nowMs < deadlineMs) return { state, outputs: noOutputs, wakeAt: deadlineMs }
      return { state: silent, outputs: [{ kind: 'set', atMs: deadlineMs, value: null, worst: null }] }
    },

    why(_, about) {
      const seconds = figure(periodMs / 1000)
      return text(
        `${about.name.zh} 已 ${seconds} 秒没有数据（每 ${figure(intervalS)} 秒应有一次）`,
        `${about.name.en}: no data for ${seconds} s (expected every ${figure(intervalS)} s)`,
      )
    },
  }
}
