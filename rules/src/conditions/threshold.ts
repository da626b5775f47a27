import { isUsable } from '@farwatch/model'
import { z } from 'zod'
import type { When } from '../language/rule.ts'
import { type Condition, figure, type Input, noOutputs, type Step, text } from './condition.ts'

const State = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('normal') }),
  z.strictObject({
    phase: z.literal('pending'),
    /** Since when it is beyond the limit; pushed on by the time that unusable readings took. */
    sinceMs: z.number(),
    /** Time of the first of the unusable readings that came last, null while readings are usable. */
    heldMs: z.number().nullable(),
    value: z.number(),
    worst: z.number(),
  }),
  z.strictObject({ phase: z.literal('set'), worst: z.number().nullable() }),
])
type State = z.infer<typeof State>

const normal: State = { phase: 'normal' }

/**
 * Beyond a limit for a time, with a separate limit to clear. The duration is judged by effective time; a reading of bad
 * quality is no basis for anything: it neither sets nor clears, and its time does not count.
 */
export function threshold(when: When & { type: 'threshold' }): Condition<State> {
  const { limit, clear } = when
  const high = when.side === 'above'
  const durationMs = when.durationS * 1000

  const set = (atMs: number, value: number, worst: number): Step<State> => ({
    state: { phase: 'set', worst },
    outputs: [{ kind: 'set', atMs, value, worst }],
  })

  function pending(state: State & { phase: 'pending' }, input: Input): Step<State> | undefined {
    const { timeMs, value } = input
    if (!isFit(input)) {
      return state.heldMs === null ? { state: { ...state, heldMs: timeMs }, outputs: noOutputs } : undefined
    }
    if (high ? value <= limit : value >= limit) return { state: normal, outputs: noOutputs }
    const sinceMs = state.heldMs === null ? state.sinceMs : state.sinceMs + timeMs - state.heldMs
    const worst = high ? Math.max(state.worst, value) : Math.min(state.worst, value)
    const wakeAt = sinceMs + durationMs
    if (timeMs >= wakeAt) return set(wakeAt, value, worst)
    return { state: { phase: 'pending', sinceMs, heldMs: null, value, worst }, outputs: noOutputs, wakeAt }
  }

  return {
    clock: 'event',
    limit,
    stateVersion: 1,
    schema: State,
    initial: (active) => (active ? { phase: 'set', worst: null } : normal),

    step(state, input) {
      if (input.kind !== 'reading') {
        if (input.kind === 'resume' || state.phase !== 'pending' || state.heldMs !== null) return undefined
        return set(state.sinceMs + durationMs, state.value, state.worst)
      }
      if (state.phase === 'pending') return pending(state, input)
      const { timeMs, value } = input
      if (state.phase === 'normal') {
        if ((high ? value <= limit : value >= limit) || !isFit(input)) return undefined
        if (durationMs === 0) return set(timeMs, value, value)
        return {
          state: { phase: 'pending', sinceMs: timeMs, heldMs: null, value, worst: value },
          outputs: noOutputs,
          wakeAt: timeMs + durationMs,
        }
      }
      if (!isFit(input)) return undefined
      const { worst } = state
      if (high ? value <= clear : value >= clear) {
        return { state: normal, outputs: [{ kind: 'return', atMs: timeMs, value, worst }] }
      }
      const worse = worst === null || (high ? value > worst : value < worst)
      return worse ? { state: { phase: 'set', worst: value }, outputs: noOutputs } : undefined
    },

    why({ value }, about) {
      const unit = about.unit === '' ? '' : ` ${about.unit}`
      const found = value === null ? '' : ` ${figure(value)}${unit}`
      const bound = `${figure(limit)}${unit}`
      const zh = when.durationS === 0 ? '' : `已持续 ${figure(when.durationS)} 秒`
      const en = when.durationS === 0 ? '' : ` for ${figure(when.durationS)} s`
      return text(
        `${about.name.zh}${found}，${high ? '超过' : '低于'}限值 ${bound}${zh === '' ? '' : ` ${zh}`}`,
        `${about.name.en}${found}, ${high ? 'above' : 'below'} the limit of ${bound}${en}`,
      )
    },
  }
}

function isFit(input: Input): boolean {
  return isUsable(input.quality) && !Number.isNaN(input.value)
}
