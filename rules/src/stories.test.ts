import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadYaml } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ruleSchema } from './language/rule.ts'
import { Centre } from './testing/centre.ts'

const folder = fileURLToPath(new URL('../testdata/stories', import.meta.url))
const stepMs = 250
/** Told on after the last reading, so that timers may ring. */
const epilogueS = 15

/**
 * `readings`: second of arrival, point, value, and the device's stamp in seconds beside it (none: stamped on arrival).
 * `expect`: every transition there is: second of its effective time, kind, rule, point, value, `late` for a late finding.
 */
test.each(readdirSync(folder))('F4 F8 R3 story %s', async (file) => {
  const story = await loadYaml(
    `${folder}/${file}`,
    z.strictObject({
      rules: z.array(ruleSchema(new Map(), file)),
      readings: z.array(z.string()),
      expect: z.array(z.string()),
    }),
  )
  const centre = new Centre(story.rules)
  try {
    const startMs = centre.clock.now()
    const goTo = async (second: number) => {
      while (centre.clock.now() < startMs + second * 1000) {
        centre.tick(Math.min(stepMs, startMs + second * 1000 - centre.clock.now()))
        await centre.book.flushed()
      }
    }
    await centre.start()
    let last = 0
    for (const line of story.readings) {
      const [second, point, value, stamp] = line.split(' ')
      last = Number(second)
      await goTo(last)
      const timeMs = stamp === undefined ? {} : { timeMs: centre.clock.now() + Number(stamp) * 1000 }
      await centre.receive({ point: point!, value: Number(value), ...timeMs })
      await centre.process()
    }
    await goTo(last + epilogueS)
    await centre.book.flushed()
    const told = (await centre.transitions()).map(({ alert, transition: { kind, atMs, value } }) =>
      [(atMs - startMs) / 1000, kind, alert.rule, alert.subject, value, alert.late ? 'late' : null]
        .filter((part) => part !== null)
        .join(' '),
    )
    expect(told).toEqual(story.expect)
  } finally {
    centre.remove()
  }
})
