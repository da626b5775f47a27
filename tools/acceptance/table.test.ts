import { expect, test } from 'vitest'
import { parseFigures } from './figures.ts'
import { Points } from './points.ts'
import { objections, tabulate, toMarkdown } from './table.ts'
import { pointsOf, type Test } from './test-run.ts'

const points = Points.parse({
  groups: [
    {
      title: 'First',
      points: [
        { id: 'F1', point: 'a house' },
        { id: 'F2', point: 'a gateway', notDone: 'backfill' },
        { id: 'J5', point: 'speed', notDone: 'all of it', figures: ['ingest'] },
      ],
    },
  ],
})

function shown(title: string, rest: Partial<Test> = {}): Test {
  return { titles: [title], file: 'a.test.ts', state: 'passed', durationMs: 12, peers: [], ...rest }
}

function outcome(tests: Test[], errors: string[] = [], figures = '') {
  const run = { tests, errors }
  const groups = tabulate(points, run, parseFigures(figures))
  return {
    states: groups.flatMap(({ rows }) => rows.map(({ point, state }) => `${point.id} ${state}`)),
    objections: objections(groups, run),
    markdown: toMarkdown(groups),
  }
}

test('F1 ids are read from the start of a title or of its suite, and nowhere else', () => {
  expect(pointsOf(shown('F1 a'))).toEqual(['F1'])
  expect(pointsOf(shown('F2, F8 a'))).toEqual(['F2', 'F8'])
  expect(pointsOf(shown('', { titles: ['F2 driver', 'F8 refuses'] }))).toEqual(['F2', 'F8'])
  expect(pointsOf(shown('reads F1 a'))).toEqual([])
  expect(pointsOf(shown('F1a'))).toEqual([])
})

test('F1 a point is shown, partly, not done or unproven by its tests and its "notDone" line', () => {
  expect(outcome([shown('F1 a'), shown('F2 b')]).states).toEqual(['F1 shown', 'F2 partly', 'J5 not done'])
  expect(outcome([shown('F1 a'), shown('F2 b')]).objections).toEqual([])
  expect(outcome([shown('F1 a'), shown('F1 c', { state: 'skipped' })]).states[0]).toBe('F1 partly')
  expect(outcome([]).states[0]).toBe('F1 unproven')
  expect(outcome([]).objections).toEqual([
    'F1 has neither a passing test nor a "notDone" line in docs/points.yaml',
  ])
})

test('F1 a failed test of a point, an unknown id and an error outside of tests fail the acceptance', () => {
  const { states, objections } = outcome(
    [shown('F1 a'), shown('F2 b', { state: 'failed' }), shown('F9 c')],
    ['b.test.ts: no such module'],
  )
  expect(states[1]).toBe('F2 failed')
  expect(objections).toEqual([
    'outside of a test: b.test.ts: no such module',
    'F2 failed: a.test.ts: F2 b',
    'a.test.ts: "F9 c" names F9, which docs/points.yaml does not list',
  ])
})

test('F1 the table names peers, skips with their reason and the last figure with its reference', () => {
  const figure = (value: number) =>
    JSON.stringify({
      bench: 'ingest',
      metric: 'rows_per_s',
      value,
      unit: '1/s',
      against: { name: 'binary COPY, same run', value: 300_000 },
      ratio: value / 300_000,
    })
  const { markdown } = outcome(
    [
      shown('F1 a', { peers: [{ name: 'mosquitto', version: '2.0.11' }] }),
      shown('F1 c', { state: 'skipped', reason: 'mbpoll is not installed' }),
    ],
    [],
    `${figure(1)}\n${figure(210_123)}\n`,
  )
  expect(markdown).toContain('| F1 | a house | partly | 1 | 0 | 1 | mosquitto 2.0.11 |')
  expect(markdown).toContain('- F1 not run: F1 c: mbpoll is not installed')
  expect(markdown).toContain('| F2 | a gateway | not done (backfill) | 0 | 0 | 0 | – |')
  expect(markdown).toContain('- J5 ingest rows_per_s 210,000 1/s = 0.70 × binary COPY, same run (300,000)')
  expect(() => parseFigures('rows: 3\n')).toThrow('.acceptance/figures.jsonl:1 is no line of a bench')
})

test('F1 the same state of things gives the same table, whatever it took', () => {
  const [slow, fast] = [9_999, 1].map((durationMs) => outcome([shown('F1 a', { durationMs })]).markdown)
  expect(slow).toBe(fast)
})

test('F1 a point listed twice is refused', () => {
  const twice = { title: 'First', points: [{ id: 'F1', point: 'a house' }] }
  expect(Points.safeParse({ groups: [twice, twice] }).error?.issues[0]?.message).toBe('F1 is listed twice')
})
