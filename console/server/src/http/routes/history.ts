import { PointKey, parsePointKey } from '@farwatch/model'
import { z } from 'zod'
import { type Range, rawHistory, steppedHistory } from '../../queries/history.ts'
import type { App, AppParts } from '../app.ts'
import { Problem } from '../problem.ts'
import { HistoryBody, problemResponse } from '../schemas.ts'

const maxRows = 20_000
const maxSteps = 10_000
/** Questions to the database at once; the embedded one answers one after another. */
const maxAtOnce = 8

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A moment, read as Unix milliseconds. */
export const Instant = z.iso
  .datetime({ offset: true, error: 'expected ISO 8601 with offset, such as 2026-11-23T08:00:00Z' })
  .transform((text) => Date.parse(text))
const Step = z
  .string()
  .regex(/^[1-9]\d{0,4}[smhd]$/, 'expected a number and s, m, h or d, such as 1m')
  .transform((text) => Number(text.slice(0, -1)) * units[text.slice(-1)]!)

const Query = z
  .object({
    point: PointKey.describe('SITE/DEVICE/METRIC'),
    from: Instant.describe('Start, inclusive; an hour before `to` unless given'),
    to: Instant.describe('End, exclusive; now unless given'),
    step: Step.describe('With it min, avg, max and count per step; without it raw readings'),
  })
  .partial({ from: true, to: true, step: true })

export function historyRoutes(app: App, { state, database, clock, views }: AppParts): void {
  let asking = 0
  app.get(
    '/api/readings',
    {
      config: { action: 'monitoring.read' },
      schema: {
        tags: ['history'],
        summary: 'History of a point: raw, or min/avg/max/count per step; a gap is a gap',
        querystring: Query,
        response: { 200: HistoryBody, default: problemResponse },
      },
    },
    async ({ query: { point, to = clock.now(), from = to - units.h!, step }, principal }) => {
      // Before anything else, so that a point elsewhere answers as one that isn't there, and as fast.
      if (!views.of(principal).site(parsePointKey(point)?.site ?? '')) throw unknownPoint(point)
      const range = { point, fromMs: from, toMs: to }
      checkWidth(range, step)
      if (asking >= maxAtOnce) throw busy()
      asking += 1
      const stepMs = step ?? null
      const rows = await (stepMs === null
        ? rawHistory(database, range, maxRows)
        : steppedHistory(database, range, stepMs)
      ).finally(() => {
        asking -= 1
      })
      if (rows === 'too-much')
        throw tooWide(
          stepMs === null ? `more than ${maxRows} readings` : 'more than 600000 readings to look at',
        )
      if (rows.length === 0 && state.point(point) === undefined) throw unknownPoint(point)
      return { point, stepMs, rows }
    },
  )
}

function checkWidth({ fromMs, toMs }: Range, stepMs: number | undefined): void {
  if (fromMs >= toMs) {
    throw new Problem({
      status: 422,
      code: 'empty-range',
      title: `query.from: found ${new Date(fromMs).toISOString()}, expected a time before ${new Date(toMs).toISOString()}`,
    })
  }
  const steps = stepMs === undefined ? 0 : Math.ceil((toMs - fromMs) / stepMs)
  if (steps > maxSteps) throw tooWide(`${steps} steps, expected at most ${maxSteps}`)
}

function tooWide(found: string): Problem {
  return new Problem({
    status: 422,
    code: 'range-too-wide',
    title: `The range is too wide: found ${found}`,
    detail: `Ask for a shorter range or a longer step, such as step=1h. Raw answers hold at most ${maxRows} readings.`,
  })
}

function unknownPoint(point: PointKey): Problem {
  return new Problem({
    status: 404,
    code: 'unknown-point',
    title: `Found no point ${point}`,
    detail: '/api/points lists them; a key is SITE/DEVICE/METRIC.',
  })
}

function busy(): Problem {
  return new Problem({
    status: 503,
    code: 'busy',
    title: `Found ${maxAtOnce} questions about history at once, expected fewer; please ask again`,
  })
}
