import { isOpen } from '@farwatch/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Centre, replay, summary } from '../testing/centre.ts'
import { gasRules, lel01, rulesOf } from '../testing/city.ts'

const points = [lel01, 'E01/Cellar/LEL02', 'E09/room1/temperature', 'X9/d/LEL7']
const rules = rulesOf(gasRules.replace('{ sites: [E01, E09] }', '{ unregistered: true }'))

const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('receive' as const),
      point: fc.constantFrom(...points),
      value: fc.constantFrom(3, 20, 24, 26, 28, 40),
      afterMs: fc.constantFrom(0, 200, 700, 1_500, 9_000),
      /** How long its way to the disk took: ticks may have overtaken it. */
      durableMs: fc.constantFrom(0, 0, 300, 3_000),
      /** The device's stamp beside its arrival; null: none. 2036 among them. */
      stamp: fc.constantFrom(null, 0, -300, -5_000, 2_000, 300_000_000_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('process' as const), count: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      ms: fc.constantFrom(100, 900, 2_100, 31_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('acknowledge' as const), nth: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'checkpoint' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
)

test('F4 crashes at any moment, lag, late and wild stamps: replay of the recorded input gives the alerts that live gave, none twice', async () => {
  let alerts = 0
  let crashes = 0
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 120 }), async (commands) => {
      const centre = new Centre(rules)
      try {
        await centre.start()
        for (const command of commands) {
          if (command.kind === 'receive') {
            centre.clock.advanceTo(centre.clock.now() + command.afterMs)
            const { point, value, stamp, durableMs } = command
            const timeMs = stamp === null ? {} : { timeMs: centre.clock.now() + stamp }
            await centre.receive({ point, value, durableMs, ...timeMs })
          } else if (command.kind === 'process') await centre.process(command.count)
          else if (command.kind === 'tick') centre.tick(command.ms)
          else if (command.kind === 'flush') await centre.book.flushed()
          else if (command.kind === 'checkpoint') await centre.checkpoint()
          else if (command.kind === 'acknowledge') {
            const alert = centre.book.current()[command.nth]
            if (alert) await centre.book.acknowledge(alert.id, { by: 'li' })
          } else {
            crashes++
            await centre.crash()
          }
        }
        await centre.process()
        await centre.book.flushed()

        const live = await centre.transitions()
        alerts += live.length
        expect(summary(await replay(centre))).toEqual(summary(live))
        const steps = live.map(({ alert, transition }) => `${alert.id} ${transition.n}`)
        expect(new Set(steps).size).toBe(steps.length)
        for (const { alert, transition } of live) {
          if (transition.n > 1) expect(steps).toContain(`${alert.id} ${transition.n - 1}`)
        }
        const open = centre.book.current().filter(isOpen)
        expect(new Set(open.map(({ rule, subject }) => `${rule} ${subject}`)).size).toBe(open.length)
      } finally {
        centre.remove()
      }
    }),
    { numRuns: 150 },
  )
  // The property must have had something to say.
  expect(alerts).toBeGreaterThan(500)
  expect(crashes).toBeGreaterThan(100)
}, 60_000)
