import { type Figure, formatFigure } from './figures.ts'
import type { Point, Points } from './points.ts'
import { pointsOf, type Test, type TestRun } from './test-run.ts'

export type State = 'shown' | 'partly' | 'not done' | 'failed' | 'unproven'

/** One required point and everything that speaks for or against it. */
export interface Row {
  readonly point: Point
  readonly state: State
  readonly tests: readonly Test[]
  /** `mosquitto 2.0.11`, sorted. */
  readonly peers: readonly string[]
  readonly figures: readonly Figure[]
}

export interface Group {
  readonly title: string
  readonly rows: readonly Row[]
}

/** Puts tests and figures beside the points that they belong to. */
export function tabulate({ groups }: Points, { tests }: TestRun, figures: readonly Figure[]): Group[] {
  return groups.map(({ title, points }) => ({
    title,
    rows: points.map((point) => {
      const own = tests.filter((test) => pointsOf(test).includes(point.id))
      const took = own.filter(({ state }) => state === 'passed').flatMap(({ peers }) => peers)
      return {
        point,
        state: stateOf(point, own),
        tests: own,
        peers: [...new Set(took.map(({ name, version }) => `${name} ${version}`))].sort(),
        figures: figures.filter(({ bench }) => point.figures.includes(bench)),
      }
    }),
  }))
}

function stateOf({ notDone }: Point, tests: readonly Test[]): State {
  const some = (state: Test['state']) => tests.some((test) => test.state === state)
  if (some('failed')) return 'failed'
  if (!some('passed')) return notDone === undefined ? 'unproven' : 'not done'
  return notDone !== undefined || some('skipped') ? 'partly' : 'shown'
}

/** What must not be so: each sentence is a reason to exit with an error. */
export function objections(groups: readonly Group[], { tests, errors }: TestRun): string[] {
  const rows = groups.flatMap((group) => group.rows)
  const known = new Set(rows.map(({ point }) => point.id))
  const found = errors.map((error) => `outside of a test: ${error}`)
  for (const { point, state, tests } of rows) {
    if (state === 'unproven') {
      found.push(`${point.id} has neither a passing test nor a "notDone" line in docs/points.yaml`)
    }
    for (const test of tests) {
      if (test.state === 'failed') found.push(`${point.id} failed: ${test.file}: ${test.titles.join(' > ')}`)
    }
  }
  for (const test of tests) {
    for (const id of pointsOf(test)) {
      if (!known.has(id)) {
        found.push(
          `${test.file}: "${test.titles.join(' > ')}" names ${id}, which docs/points.yaml does not list`,
        )
      }
    }
  }
  return found
}

/** How many tests of a row passed, failed, were skipped. */
export function countsOf({ tests }: Row): Record<Test['state'], number> {
  const count = (state: Test['state']) => tests.filter((test) => test.state === state).length
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') }
}

/** The table as `docs/acceptance.md`: the same for the same state of things, so without times and dates. */
export function toMarkdown(groups: readonly Group[]): string {
  const parts = [
    '# Acceptance',
    '',
    'Written by `npm run acceptance` from the last test run; not edited by hand. A test belongs to a point by the id at the',
    'start of its title. *shown*: tests pass and nothing is known to be missing; *partly*: tests pass, but something is',
    'missing or was not run; *not done*: said plainly; *failed* and *unproven* fail the build.',
    '',
  ]
  for (const { title, rows } of groups) {
    parts.push(`## ${title}`, '', '| point | | state | passed | failed | skipped | foreign peers |')
    parts.push('|---|---|---|---|---|---|---|')
    for (const row of rows) {
      const { passed, failed, skipped } = countsOf(row)
      const peers = row.peers.join(', ') || '–'
      const cells = [row.point.id, row.point.point, verdictOf(row), passed, failed, skipped, peers]
      parts.push(`| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`)
    }
    parts.push('')
    const notes = rows.flatMap(notesOf)
    if (notes.length > 0) parts.push(...notes.map((note) => `- ${note}`), '')
  }
  return parts.join('\n')
}

/** The state, and what is missing where something is. */
export function verdictOf({ state, point: { notDone } }: Row): string {
  return notDone === undefined ? state : `${state} (${state === 'not done' ? '' : 'missing: '}${notDone})`
}

/** What a row has to say beyond its line: what was skipped and why, the last figures. */
export function notesOf({ point, tests, figures }: Row): string[] {
  const skipped = tests.filter(({ state }) => state === 'skipped')
  return [
    ...skipped.map(
      ({ titles, reason }) => `${point.id} not run: ${titles.join(' > ')}: ${reason ?? 'no reason given'}`,
    ),
    ...figures.map((figure) => `${point.id} ${formatFigure(figure)}`),
  ]
}
