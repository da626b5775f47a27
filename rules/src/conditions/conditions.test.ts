import { Quality } from '@farwatch/model'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { freshCell } from '../engine/cell.ts'
import { latenessMs, lift } from '../engine/lift.ts'
import { Timers } from '../engine/timers.ts'
import { When } from '../language/rule.ts'
import type { Input } from './condition.ts'
import { conditionOf } from './index.ts'

const about = { name: { zh: 'LEL01', en: 'LEL01' }, unit: '%LEL' }

/** A step of a story: at a second, a value (with a quality), `tick` (nothing comes) or `resume`. */
type Moment = readonly [second: number, what: number | 'tick' | 'resume', quality?: number]

/** Tells a story to a condition in virtual time and returns what it said: `set@3 28`, `return@9 20 worst 30`. */
function tell(when: unknown, story: readonly Moment[], delayS = 0): string[] {
  const condition = conditionOf(When.parse(when), 1)
  const cell = freshCell(condition)
  const timers = new Timers()
  const inputs$ = new Subject<Input>()
  const said: string[] = []
  let arrivedMs = Number.NEGATIVE_INFINITY
  const input = (kind: Input['kind'], nowMs: number, extra: Partial<Input> = {}): Input => ({
    kind,
    timeMs: nowMs,
    nowMs,
    arrivedMs,
    value: Number.NaN,
    quality: 0,
    late: false,
    ...extra,
  })
  let now = 0
  const host = {
    ...{ timers, order: 0, nowMs: () => now, goneOn: () => undefined },
    wake: (timeMs: number, nowMs: number) => input('wake', nowMs, { timeMs }),
  }
  inputs$.pipe(lift(condition, cell, host)).subscribe(({ kind, atMs, value, worst }) => {
    said.push(
      `${kind}@${atMs / 1000}${value === null ? '' : ` ${value}`}${kind === 'set' || worst === null ? '' : ` worst ${worst}`}`,
    )
  })
  for (const [second, what, quality = 0] of story) {
    const nowMs = second * 1000 + (typeof what === 'number' ? delayS * 1000 : 0)
    now = nowMs
    timers.fireUntil(nowMs)
    if (what === 'resume') inputs$.next(input('resume', nowMs))
    if (typeof what !== 'number') continue
    inputs$.next(input('reading', nowMs, { timeMs: second * 1000, value: what, quality }))
    if (!Number.isNaN(what)) arrivedMs = nowMs
  }
  return said
}

const gas = { type: 'threshold', above: 25, durationS: 2, clear: 22.5 }
const { bad, uncertain } = Quality

describe('F4 threshold with duration and hysteresis', () => {
  test.each<[string, unknown, Moment[], string[]]>([
    [
      'stays beyond for the duration',
      gas,
      [
        [0, 20],
        [1, 28],
        [2, 29],
        [3, 30],
      ],
      ['set@3 30'],
    ],
    [
      'too short a crossing says nothing',
      gas,
      [
        [0, 28],
        [1, 28],
        [1.9, 24],
        [4, 20],
      ],
      [],
    ],
    [
      'a dip below the limit starts the duration again',
      gas,
      [
        [0, 28],
        [1, 25],
        [2, 28],
        [3, 28],
        [4, 28],
      ],
      ['set@4 28'],
    ],
    [
      'between clear and limit it stays set',
      gas,
      [
        [0, 28],
        [2, 31],
        [3, 23],
        [4, 24],
        [5, 22.5],
      ],
      ['set@2 31', 'return@5 22.5 worst 31'],
    ],
    [
      'chatter about the limit is one alarm',
      gas,
      [
        [0, 26],
        [2, 26],
        [3, 24.9],
        [4, 25.1],
        [5, 24.9],
        [6, 25.1],
      ],
      ['set@2 26'],
    ],
    [
      'at the limit is not beyond it',
      gas,
      [
        [0, 25],
        [5, 25],
      ],
      [],
    ],
    [
      'the timer sets when no further reading comes',
      gas,
      [
        [0, 28],
        [3.1, 'tick'],
      ],
      ['set@2 28'],
    ],
    [
      'the timer waits for what may be on its way',
      gas,
      [
        [0, 28],
        [2.9, 'tick'],
      ],
      [],
    ],
    ['without a duration it sets at once', { ...gas, durationS: 0 }, [[0, 28]], ['set@0 28']],
    [
      'below a limit',
      { type: 'threshold', below: 760, durationS: 0, clear: 770 },
      [
        [0, 780],
        [1, 755],
        [2, 750],
        [3, 765],
        [4, 770],
      ],
      ['set@1 755', 'return@4 770 worst 750'],
    ],
  ])('%s', (_, when, story, said) => {
    expect(tell(when, story)).toEqual(said)
  })
})

describe('F8 bad quality and NaN are no basis for an alarm', () => {
  test.each<[string, Moment[], string[]]>([
    [
      'they do not set',
      [
        [0, 99, bad],
        [1, Number.NaN],
        [5, 99, bad],
        [9, 'tick'],
      ],
      [],
    ],
    [
      'they do not clear',
      [
        [0, 28],
        [2, 28],
        [3, 0, bad],
        [4, Number.NaN, bad],
        [9, 'tick'],
      ],
      ['set@2 28'],
    ],
    [
      'their time does not count',
      [
        [0, 28],
        [1, 0, bad],
        [60, 28],
        [60.9, 28],
      ],
      [],
    ],
    [
      'what came before them still counts',
      [
        [0, 28],
        [1, 0, bad],
        [60, 28],
        [61, 29],
      ],
      ['set@61 29'],
    ],
    [
      'the timer does not ring in their time',
      [
        [0, 28],
        [1, Number.NaN, bad],
        [30, 'tick'],
      ],
      [],
    ],
    [
      'uncertain values count',
      [
        [0, 28, uncertain],
        [2, 28, uncertain],
      ],
      ['set@2 28'],
    ],
  ])('%s', (_, story, said) => {
    expect(tell(gas, story)).toEqual(said)
  })
})

test('F4 timer and readings set at the same time, so that the alert has one id', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 4, maxLength: 30 }), (gaps) => {
      let second = 0
      const readings = gaps.map((gap): Moment => {
        second += gap / 1000
        return [second, 28]
      })
      const durationS = 2
      const byTimer = tell(gas, [
        readings[0]!,
        [readings[0]![0] + durationS + latenessMs / 1000 + 0.001, 'tick'],
      ])
      const byReading = tell(gas, [...readings, [second + 10, 28]])
      expect(byReading).toEqual(byTimer)
    }),
  )
})

const quiet = { type: 'silence', intervals: 3 }

describe('F4 silence, by arrival', () => {
  test.each<[string, unknown, Moment[], string[]]>([
    [
      'three intervals without a value; 1 s counts as 10',
      quiet,
      [
        [0, 1],
        [29, 'tick'],
        [30, 'tick'],
        [33, 'tick'],
      ],
      ['set@30'],
    ],
    [
      'each value begins it anew',
      quiet,
      [
        [0, 1],
        [20, 1],
        [40, 1],
        [69, 'tick'],
        [70, 'tick'],
      ],
      ['set@70'],
    ],
    [
      'a value ends it',
      quiet,
      [
        [0, 1],
        [31, 'tick'],
        [45, 1],
        [74, 'tick'],
        [80, 'tick'],
      ],
      ['set@30', 'return@45', 'set@75'],
    ],
    [
      'a reading without a value is no sign of life',
      quiet,
      [
        [0, 1],
        [10, Number.NaN, bad],
        [30, 'tick'],
      ],
      ['set@30'],
    ],
    [
      'a bad value is one: the device speaks',
      quiet,
      [
        [0, 1],
        [10, 5, bad],
        [39, 'tick'],
      ],
      [],
    ],
    [
      'what has never spoken is not missed',
      quiet,
      [
        [0, 'resume'],
        [99, 'tick'],
      ],
      [],
    ],
    [
      'unless it is asked for',
      { ...quiet, unseen: true },
      [
        [0, 'resume'],
        [99, 'tick'],
      ],
      ['set@30'],
    ],
    [
      'the time when the centre was deaf does not count',
      quiet,
      [
        [0, 1],
        [5, 1],
        [20, 'resume'],
        [49, 'tick'],
      ],
      [],
    ],
    [
      'nor is the silence after it missed',
      quiet,
      [
        [0, 1],
        [20, 'resume'],
        [50, 'tick'],
      ],
      ['set@50'],
    ],
  ])('%s', (_, when, story, said) => {
    expect(tell(when, story)).toEqual(said)
  })

  test('a wrong device clock does not matter', () => {
    expect(
      tell(
        quiet,
        [
          [0, 1],
          [20, 1],
          [45, 'tick'],
        ],
        0.5,
      ),
    ).toEqual([])
  })
})

test('F4 why an alert fired, with figures, in both languages', () => {
  const output = { kind: 'set', atMs: 0, value: 28.1, worst: 28.1 } as const
  expect(conditionOf(When.parse(gas), 1).why(output, about)).toEqual({
    zh: 'LEL01 28.1 %LEL，超过限值 25 %LEL 已持续 2 秒',
    en: 'LEL01 28.1 %LEL, above the limit of 25 %LEL for 2 s',
  })
  expect(conditionOf(When.parse(quiet), 1).why({ ...output, value: null }, about)).toEqual({
    zh: 'LEL01 已 30 秒没有数据（每 1 秒应有一次）',
    en: 'LEL01: no data for 30 s (expected every 1 s)',
  })
})

test.each([
  [{ type: 'threshold', above: 25 }, 22.5],
  [{ type: 'threshold', below: 760 }, 836],
  [{ type: 'threshold', above: -15 }, -16.5],
  [{ type: 'threshold', above: 0 }, 0],
])('F4 %j clears at %d unless told otherwise', (when, clear) => {
  expect(When.parse(when)).toMatchObject({ clear })
})
