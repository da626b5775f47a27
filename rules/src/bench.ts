import { type PointKey, packSeries, type Registry } from '@farwatch/model'
import { silentLog } from '@farwatch/runtime'
import { distinctUntilChanged, map, Subject, scan } from 'rxjs'
import { AlertBook } from './alerts/book.ts'
import { decodeEntries } from './alerts/entry.ts'
import { city, metrics, rulesAMetric } from './bench-city.ts'
import { Engine } from './engine/engine.ts'
import type { Rule } from './language/rule.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { MemoryJournal } from './testing/memory-journal.ts'

/** One line of `npm run bench -- rules`. */
export interface RulesFigure {
  readonly bench: 'rules'
  readonly metric: 'evaluations_per_s'
  readonly value: number
  readonly unit: '1/s'
  readonly against: { readonly name: string; readonly value: number }
  readonly ratio: number
  /** Readings delivered to a condition, and transitions of alerts that came of them, equal to the oracle's. */
  readonly samples: number
  readonly transitions: number
}

interface Size {
  readonly points: number
  /** Rounds of one reading of each point. */
  readonly rounds: number
}

const startMs = 1_795_420_000_000
const stepMs = 1_000

/**
 * 300 rules on 10,000 points, three of them for each point: threshold, duration, hysteresis. One reading a series, so that
 * each reading pays for its own look-up. Against bare RxJS pipelines of the same rules (a Subject a point; scan, map,
 * distinctUntilChanged), the faster of two runs each. @throws Error when engine or pipelines differ from a slow oracle.
 */
export async function benchRules(size: Size = { points: 10_000, rounds: 60 }): Promise<RulesFigure> {
  const { rules, registry, keys } = city(size.points)
  const expected = oracle(rules, keys, size.rounds)
  const samples = size.points * size.rounds * rulesAMetric
  let ours = Number.POSITIVE_INFINITY
  let theirs = Number.POSITIVE_INFINITY
  for (let run = 0; run < 2; run++) {
    const engine = await runEngine(rules, registry, keys, size.rounds)
    equal('engine', engine.said, expected)
    ours = Math.min(ours, engine.seconds)
    const bare = runBare(rules, keys, size.rounds)
    equal('bare RxJS', bare.said, expected)
    theirs = Math.min(theirs, bare.seconds)
  }
  const value = Math.round(samples / ours)
  const reference = Math.round(samples / theirs)
  return {
    bench: 'rules',
    metric: 'evaluations_per_s',
    value,
    unit: '1/s',
    against: { name: 'bare RxJS pipelines of the same rules, same run', value: reference },
    ratio: Math.round((value / reference) * 100) / 100,
    samples,
    transitions: expected.length,
  }
}

/** What a point reads in a round: mostly quiet, beyond the limits for a few rounds in a hundred. */
function readingOf(point: number, round: number): number {
  const phase = (point * 37 + round) % 97
  return phase < 4 ? 26 + phase * 12 : 2 + (phase % 20)
}

async function runEngine(
  rules: readonly Rule[],
  registry: Registry,
  keys: readonly PointKey[],
  rounds: number,
) {
  const journal = new MemoryJournal()
  const clock = new ManualClock(startMs)
  const book: AlertBook = new AlertBook({ journal, clock, log: silentLog, before: () => engine.position })
  const engine = new Engine({ rules, registry, book, log: silentLog })
  engine.open({ checkpoint: undefined, position: 1, entries: [] })
  let nanoseconds = 0n
  for (let round = 0; round < rounds; round++) {
    const timeMs = startMs + round * stepMs
    const batch = packSeries(
      keys.map((point, p) => ({
        point,
        timeSource: 'device',
        timesMs: [timeMs],
        values: [readingOf(p, round)],
        qualities: [0],
      })),
    )
    const began = process.hrtime.bigint()
    engine.takeReadings(round + 1, timeMs, batch)
    nanoseconds += process.hrtime.bigint() - began
    await book.flushed()
  }
  const said: string[] = []
  for (const { payload } of await journal.read(1, { records: Number.MAX_SAFE_INTEGER })) {
    for (const entry of decodeEntries(payload)) {
      if (entry.kind !== 'transition') continue
      const set = entry.transition.kind === 'raised' || entry.transition.kind === 'raised-again'
      said.push(`${entry.alert.rule} ${entry.alert.subject} ${set ? 'set' : 'return'}`)
    }
  }
  return { seconds: Number(nanoseconds) / 1e9, said }
}

function runBare(rules: readonly Rule[], keys: readonly PointKey[], rounds: number) {
  const subjects = new Map<PointKey, Subject<{ timeMs: number; value: number }>>()
  const said: string[] = []
  keys.forEach((key, p) => {
    const subject = new Subject<{ timeMs: number; value: number }>()
    subjects.set(key, subject)
    for (const { id, when } of rulesFor(rules, p)) {
      if (when.type !== 'threshold') continue
      const durationMs = when.durationS * 1000
      subject
        .pipe(
          scan(
            (state, { timeMs, value }) => {
              if (state.on) return value <= when.clear ? { on: false, sinceMs: -1 } : state
              if (value <= when.limit) return { on: false, sinceMs: -1 }
              const sinceMs = state.sinceMs < 0 ? timeMs : state.sinceMs
              return { on: timeMs - sinceMs >= durationMs, sinceMs }
            },
            { on: false, sinceMs: -1 },
          ),
          map(({ on }) => on),
          distinctUntilChanged((a, b) => a === b),
        )
        .subscribe((on) => {
          said.push(`${id} ${key} ${on ? 'set' : 'return'}`)
        })
    }
  })
  // distinctUntilChanged tells the first state as well; that is not a transition.
  const first = keys.length * rulesAMetric
  let nanoseconds = 0n
  for (let round = 0; round < rounds; round++) {
    const timeMs = startMs + round * stepMs
    const values = keys.map((_, p) => ({ timeMs, value: readingOf(p, round) }))
    const began = process.hrtime.bigint()
    for (let p = 0; p < keys.length; p++) subjects.get(keys[p]!)!.next(values[p]!)
    nanoseconds += process.hrtime.bigint() - began
  }
  return { seconds: Number(nanoseconds) / 1e9, said: withoutFirst(said, first) }
}

/** Of the first state of each pipeline only a set counts. */
function withoutFirst(said: readonly string[], first: number): string[] {
  return said.filter((line, i) => i >= first || line.endsWith('set'))
}

function rulesFor(rules: readonly Rule[], point: number): Rule[] {
  return Array.from({ length: rulesAMetric }, (_, i) => rules[(point % metrics) + i * metrics]!)
}

/** What the rules mean, one (rule, point) at a time, looking at the whole history for each reading. */
function oracle(rules: readonly Rule[], keys: readonly PointKey[], rounds: number): string[] {
  const said: string[] = []
  keys.forEach((key, p) => {
    for (const { id, when } of rulesFor(rules, p)) {
      if (when.type !== 'threshold') continue
      let on = false
      for (let round = 0; round < rounds; round++) {
        const back = Math.floor((when.durationS * 1000) / stepMs)
        const beyond = Array.from({ length: back + 1 }, (_, i) => round - i).every(
          (r) => r >= 0 && readingOf(p, r) > when.limit,
        )
        const next: boolean = on ? readingOf(p, round) > when.clear : beyond
        if (next !== on) said.push(`${id} ${key} ${next ? 'set' : 'return'}`)
        on = next
      }
    }
  })
  return said
}

function equal(who: string, found: readonly string[], expected: readonly string[]): void {
  const [a, b] = [[...found].sort().join('\n'), [...expected].sort().join('\n')]
  if (a !== b)
    throw new Error(`${who} said ${found.length} transitions, the oracle ${expected.length}, or others`)
}
