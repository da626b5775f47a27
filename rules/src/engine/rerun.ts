import type { Condition, Input, Output } from '../conditions/condition.ts'
import type { Cell, Leg, Said } from './cell.ts'
import type { Past } from './past.ts'
import { type Reading, Span, spanReadings } from './span.ts'

/** One span of the past as it is with the late readings in their places. */
interface Piece {
  readonly span: Span
  /** Which span began at the same place before; undefined: none did. */
  readonly begins: number | undefined
  /** Whether late readings belong to it. */
  readonly isTouched: boolean
}

/** The spans with the late readings among them; `beyond`: those whose neighbours are no longer known. */
export function placeLate(past: Past): { pieces: Piece[]; beyond: Reading[] } {
  const { spans } = past
  const late = past.late.toSorted((a, b) => a.timeMs - b.timeMs)
  const beyond: Reading[] = []
  const pieces = spans.flatMap((span, begins): Piece[] => {
    const endMs = spans[begins + 1]?.afterMs ?? Infinity
    const mine: Reading[] = []
    while (late.length > 0 && late[0]!.timeMs <= endMs) mine.push(late.shift()!)
    const isIn = ({ timeMs }: Reading) => span.rows !== undefined && timeMs > span.afterMs
    beyond.push(...mine.filter((reading) => !isIn(reading)))
    const added = mine.filter(isIn)
    if (added.length === 0) return [{ span, begins, isTouched: false }]
    const readings = [...span.readings, ...added].sort((a, b) => a.timeMs - b.timeMs)
    const pieces: Piece[] = []
    let { afterMs } = span
    for (let i = 0; i < readings.length; i += spanReadings) {
      const some = readings.slice(i, i + spanReadings)
      pieces.push({
        span: Span.of(afterMs, some),
        begins: i === 0 ? begins : undefined,
        isTouched: true,
      })
      afterMs = some.at(-1)!.timeMs
    }
    return pieces
  })
  return { pieces, beyond }
}

/** A condition as it is run once more. */
interface Lane {
  state: unknown
  wakeMs: number
}

/**
 * Runs one condition over the pieces that late readings have changed, and on until it is as it was before. Returns its legs
 * as they are then; the cell's own state only changes where it never came to be as before. Up to `frontMs` the point's time
 * has gone on. Where it reaches a time whose readings are given up while it is not as before, what was said there stands.
 */
export function rerun(
  condition: Condition<unknown>,
  cell: Cell,
  of: { pieces: readonly Piece[]; frontMs: number },
): { legs: Leg[]; now: Lane | undefined } {
  const { pieces, frontMs } = of
  const legs: Leg[] = []
  let lane: Lane | undefined
  for (const [i, { span, begins, isTouched }] of pieces.entries()) {
    const known = begins === undefined ? undefined : cell.legs[begins]!
    if (lane !== undefined && known !== undefined) {
      if (span.rows === undefined) {
        const say = (output: Output) => legs.at(-1)!.said.push(saidOf(output))
        settle(cell.legs.slice(0, begins), legs, { atMs: span.afterMs, say })
        lane = undefined
      } else if (isSame(lane, known)) lane = undefined
    }
    if (lane === undefined && !isTouched) {
      legs.push(known!)
      continue
    }
    lane ??= { state: known!.state, wakeMs: known!.wakeMs }
    const leg: Leg = { ...lane, said: [] }
    legs.push(leg)
    runOver(condition, lane, {
      readings: span.readings.filter(({ timeMs }) => timeMs > cell.ignoreUntilMs),
      untilMs: pieces[i + 1]?.span.afterMs ?? frontMs,
      say: (output) => leg.said.push(saidOf(output)),
    })
  }
  const now = lane === undefined || isSame(lane, cell) ? undefined : lane
  return { legs, now }
}

/** What a condition says of readings alone, of which nothing before and nothing after is known. */
export function runAlone(condition: Condition<unknown>, readings: readonly Reading[]): Said[] {
  const said: Said[] = []
  const lane: Lane = { state: condition.initial(false), wakeMs: Infinity }
  const untilMs = readings.at(-1)!.timeMs
  const say = (output: Output) => said.push(saidOf(output))
  runOver(condition, lane, { readings, untilMs, say })
  if (said.at(-1)?.kind === 'set') say({ kind: 'return', atMs: untilMs, value: null, worst: null })
  return said
}

function runOver(
  condition: Condition<unknown>,
  lane: Lane,
  of: { readings: readonly Reading[]; untilMs: number; say: (output: Output) => void },
): void {
  const step = (input: Pick<Input, 'kind' | 'timeMs' | 'value' | 'quality'>) => {
    const whole = { ...input, nowMs: input.timeMs, arrivedMs: input.timeMs, late: false }
    const done = condition.step(lane.state, whole)
    if (done === undefined) return
    lane.state = done.state
    lane.wakeMs = done.wakeAt ?? Infinity
    for (const output of done.outputs) of.say(output)
  }
  const wake = () => {
    const timeMs = lane.wakeMs
    lane.wakeMs = Infinity
    step({ kind: 'wake', timeMs, value: Number.NaN, quality: 0 })
  }
  for (const reading of of.readings) {
    while (lane.wakeMs < reading.timeMs) wake()
    step({ kind: 'reading', ...reading })
  }
  while (lane.wakeMs <= of.untilMs) wake()
}

/** Says what brings the condition to where it was before, at a place from which on nothing can be worked out again. */
function settle(
  before: readonly Leg[],
  legs: readonly Leg[],
  { atMs, say }: { atMs: number; say: (output: Output) => void },
): void {
  const wasSet = isSet(before)
  if (isSet(legs) !== wasSet) say({ kind: wasSet ? 'set' : 'return', atMs, value: null, worst: null })
}

function isSet(legs: readonly Leg[]): boolean {
  return legs.findLast(({ said }) => said.length > 0)?.said.at(-1)?.kind === 'set'
}

/** States are plain JSON. */
function isSame(a: Lane, b: Lane): boolean {
  return a.wakeMs === b.wakeMs && JSON.stringify(a.state) === JSON.stringify(b.state)
}

function saidOf(output: Output): Said {
  return { ...output, told: undefined }
}
