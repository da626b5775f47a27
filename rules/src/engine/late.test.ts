import { encodeBatch, encodeRecord, encodeSeries, isOpen, Quality } from '@farwatch/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Centre, replay, summary } from '../testing/centre.ts'
import { lel01, rulesOf } from '../testing/city.ts'
import { alertsOf, type Measured } from '../testing/oracle.ts'

const lel02 = 'E01/Cellar/LEL02'
const rules = rulesOf(`
rules:
  - { id: at-once, level: orange, title: { zh: 气, en: Gas }, for: { metrics: ["LEL*"] }, when: { type: threshold, above: 25, clear: 20 } }
  - { id: lasting, level: red, title: { zh: 气, en: Gas }, for: { metrics: ["LEL*"] }, when: { type: threshold, above: 25, durationS: 3, clear: 22.5 } }
  - { id: low, level: yellow, title: { zh: 气, en: Gas }, for: { metrics: ["LEL*"] }, when: { type: threshold, below: 4, durationS: 2, clear: 10 } }
`)

/** How far a reading may be put behind others of its point: what the newest of its readings allow. */
const bound = 8

const measured = fc.record({
  point: fc.constantFrom(lel01, lel02),
  afterMs: fc.constantFrom(200, 500, 1_000, 1_000, 3_000, 7_000),
  value: fc.constantFrom(3, 3, 15, 21, 24, 26, 28, 40),
  quality: fc.constantFrom(0, 0, 0, 0, 0, Quality.bad),
  /** Behind how many that were measured after it, of all points, it arrives. */
  behind: fc.constantFrom(0, 0, 0, 0, 1, 2, 5, bound),
})

const lives = fc.record({
  readings: fc.array(measured, { minLength: 20, maxLength: 90 }),
  /** Readings from here on, so many, arrive when others have come since: an outage, and its backfill. */
  outage: fc.option(fc.record({ from: fc.nat(60), count: fc.integer({ min: 2, max: 40 }) })),
  /** Between batches: how many readings the next has, how long the centre waits, what befalls it. */
  course: fc.array(
    fc.record({
      size: fc.integer({ min: 1, max: 12 }),
      waitMs: fc.constantFrom(0, 0, 100, 1_500, 12_000),
      next: fc.constantFrom('nothing', 'nothing', 'nothing', 'checkpoint', 'crash', 'lag'),
    }),
    { minLength: 5, maxLength: 20 },
  ),
})

function recordOf(readings: readonly Measured[], receivedMs: number): Uint8Array {
  const series = [...Map.groupBy(readings, ({ point }) => point)].map(([point, some]) =>
    encodeSeries({
      point,
      timeSource: 'gateway',
      timesMs: Float64Array.from(some, ({ timeMs }) => timeMs),
      values: Float64Array.from(some, ({ value }) => value),
      qualities: Uint16Array.from(some, ({ quality }) => quality),
    }),
  )
  const bytes = encodeBatch({ sign1: new Uint8Array(1), series })
  return encodeRecord({ kind: 'batch', receivedMs, gateway: 'gw', bytes })
}

/** Where among the others the backfill comes in: soon after the link is back, and where it puts none of them further behind. */
function backfillAt(rest: readonly Measured[], backMs: number): number {
  const back = rest.findIndex(({ timeMs }) => timeMs >= backMs)
  let at = back < 0 ? rest.length : Math.min(back + 5, rest.length)
  const newestMs = () => Math.max(...rest.slice(0, at).map(({ timeMs }) => timeMs))
  while (rest.slice(at).some(({ timeMs }) => timeMs < newestMs())) at++
  return at
}

/** Receives readings in this order, however it falls. Returns the alerts that there are when nothing more is to come. */
async function live(
  centre: Centre,
  arrivals: readonly Measured[],
  course: readonly { size: number; waitMs: number; next: string }[],
): Promise<string[]> {
  await centre.start()
  for (let i = 0, turn = 0; i < arrivals.length; turn++) {
    const { size, waitMs, next } = course[turn % course.length]!
    const some = arrivals.slice(i, i + size)
    i += size
    const newestMs = Math.max(...some.map(({ timeMs }) => timeMs))
    centre.tick(Math.max(waitMs, newestMs - centre.clock.now()))
    await centre.journal.append(recordOf(some, centre.clock.now()))
    if (next === 'lag') continue
    await centre.process()
    if (next === 'crash') await centre.crash()
    if (next !== 'checkpoint') continue
    await centre.book.flushed()
    await centre.checkpoint()
  }
  await centre.process()
  for (let i = 0; i < 40; i++) centre.tick(1_000)
  await centre.book.flushed()
  return centre.book
    .current()
    .filter(({ transitions }) => transitions.at(-1)!.kind !== 'withdrawn')
    .map(({ rule, subject, setMs, returnedMs, level }) => [rule, subject, setMs, returnedMs, level].join(' '))
    .sort()
}

test('R3 any shuffle within the bound, any outage and its backfill, any split into batches, crashes and restores: the alerts of readings in order', async () => {
  const seen = { alerts: 0, late: 0, amended: 0, withdrawn: 0, crashes: 0 }
  await fc.assert(
    fc.asyncProperty(lives, async ({ readings, outage, course }) => {
      const centre = new Centre(rules)
      try {
        let timeMs = centre.clock.now()
        const inOrder = readings.map(({ afterMs, ...of }) => {
          timeMs += afterMs
          return { ...of, timeMs }
        })
        const shuffled = inOrder
          .map((reading, i) => ({ reading, place: i + reading.behind + 0.5 * Math.sign(reading.behind) }))
          .sort((a, b) => a.place - b.place)
          .map(({ reading }) => reading)
        const { from, count } = outage ?? { from: 0, count: 0 }
        const missing = new Set(inOrder.slice(from, from + count))
        const rest = shuffled.filter((reading) => !missing.has(reading))
        const backfill = shuffled.filter((reading) => missing.has(reading))
        const at = backfillAt(rest, inOrder[from + count]?.timeMs ?? Infinity)
        const arrivals = [...rest.slice(0, at), ...backfill, ...rest.slice(at)]

        const alerts = await live(centre, arrivals, course)
        expect(alerts).toEqual(alertsOf(rules, inOrder))

        const transitions = await centre.transitions()
        for (const {
          transition: { kind },
          alert,
        } of transitions) {
          if (kind === 'amended') seen.amended++
          if (kind === 'withdrawn') seen.withdrawn++
          if (alert.late) seen.late++
        }
        seen.alerts += alerts.length
        seen.crashes += course.filter(({ next }) => next === 'crash').length
        const open = centre.book.current().filter(isOpen)
        expect(new Set(open.map(({ rule, subject }) => `${rule} ${subject}`)).size).toBe(open.length)
        expect(summary(await replay(centre))).toEqual(summary(transitions))
      } finally {
        centre.remove()
      }
    }),
    { numRuns: 200 },
  )
  // The property must have had something to say.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50)
}, 60_000)
