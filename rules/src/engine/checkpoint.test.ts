import { rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeRecord } from '@farwatch/model'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Centre } from '../testing/centre.ts'
import { lel01, rulesOf } from '../testing/city.ts'
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts'

const rules = rulesOf(`
rules:
  - { id: at-once, level: orange, title: { zh: 气, en: Gas }, for: { unregistered: true }, when: { type: threshold, above: 25, clear: 20 } }
  - { id: lasting, level: red, title: { zh: 气, en: Gas }, for: { unregistered: true }, when: { type: threshold, above: 25, durationS: 3, clear: 22.5 } }
  - { id: silent, level: yellow, title: { zh: 静, en: Silent }, for: { unregistered: true }, when: { type: silence, intervals: 3 } }
`)
const points = [lel01, 'E01/Cellar/LEL02', 'X9/d/LEL1', 'X9/d/LEL2', 'X9/d/LEL3', 'X9/d/LEL4']

const events = fc.array(
  fc.record({
    kind: fc.constantFrom('reading', 'reading', 'reading', 'reading', 'tick'),
    point: fc.constantFrom(...points),
    value: fc.constantFrom(3, 21, 24, 26, 40, Number.NaN),
    afterMs: fc.constantFrom(0, 0, 300, 300, 1_000, 4_000, 40_000),
    lateMs: fc.constantFrom(0, 0, 500, 3_000, 20_000),
  }),
  { minLength: 5, maxLength: 60, size: 'max' },
)
type Event = typeof events extends fc.Arbitrary<(infer One)[]> ? One : never

async function happen(centre: Centre, { kind, point, value, afterMs, lateMs }: Event): Promise<void> {
  if (kind === 'tick') centre.tick(afterMs)
  else {
    centre.clock.advanceTo(centre.clock.now() + afterMs)
    await centre.receive({ point, value, timeMs: centre.clock.now() - lateMs })
    const { engine, journal } = centre
    for (const { position, payload } of await journal.read(engine.position))
      engine.take(position, decodeRecord(payload))
  }
  await centre.book.flushed()
}

let centre: Centre

beforeEach(async () => {
  centre = new Centre(rules)
})
afterEach(() => centre.remove())

test('R3 a checkpoint written while readings and ticks go on is the one that would have been written at rest', async () => {
  const seen = { pieces: 0, changed: 0, waiting: 0, alerts: 0 }
  await fc.assert(
    fc.asyncProperty(events, events, async (before, meanwhile) => {
      const centre = new Centre(rules)
      try {
        await centre.start()
        for (const event of before) await happen(centre, event)
        const { engine, book } = centre
        const still = join(centre.home, 'still')
        const moving = join(centre.home, 'moving')
        await saveCheckpoint(still, engine.snapshot(book.snapshot()!, book.nextPosition))
        engine.endSnapshot()
        const atRest = await loadCheckpoint(still)

        // A piece holds less than a point, so that something may happen between any two of them.
        const sweep = engine.snapshot(book.snapshot()!, book.nextPosition, 8)
        const bytes: Uint8Array[] = []
        for (const piece of sweep.pieces()) {
          bytes.push(Uint8Array.from(piece))
          await happen(centre, meanwhile[bytes.length % meanwhile.length]!)
        }
        engine.endSnapshot()
        await saveCheckpoint(moving, engine.snapshot([], 1))
        engine.endSnapshot()
        const later = await loadCheckpoint(moving)
        await writeFile(join(moving, 'rules', 'checkpoint'), Buffer.concat(bytes))
        const restored = await loadCheckpoint(moving)
        expect(restored).toEqual(atRest)
        seen.pieces += bytes.length
        if (restored === undefined || 'problem' in restored) throw new Error('no checkpoint')
        if (later !== undefined && !('problem' in later) && later.position > restored.position) seen.changed++
        for (const { past } of restored.points.values()) if (past && past.late.length > 0) seen.waiting++
        seen.alerts += restored.alerts.length
      } finally {
        rmSync(centre.home, { recursive: true, force: true })
      }
    }),
    { numRuns: 120 },
  )
  // The property must have had something to say.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(5)
}, 60_000)

test('R3 a checkpoint that is torn or damaged anywhere, or of another version, is refused by name', async () => {
  await centre.start()
  const event = { kind: 'reading', value: 40, afterMs: 1_000, lateMs: 0 } as const
  for (const point of [...points, ...points]) await happen(centre, { ...event, point })
  expect(await centre.checkpoint()).toBe('saved')
  const path = join(centre.home, 'rules', 'checkpoint')
  const whole = await readFile(path)
  expect(await loadCheckpoint(centre.home)).toMatchObject({ position: 13 })
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const damaged = Buffer.from(whole)
      damaged[at]! ^= change
      await writeFile(path, damaged)
      expect(await loadCheckpoint(centre.home)).toHaveProperty('problem')
      await writeFile(path, whole.subarray(0, at))
      expect(await loadCheckpoint(centre.home)).toHaveProperty('problem')
    }),
    { numRuns: 100 },
  )
  await writeFile(path, `${'0'.repeat(64)}\n{"v":2}\n`)
  expect(await loadCheckpoint(centre.home)).toMatchObject({
    problem: expect.stringContaining('another version'),
  })
})

test('R3 while one checkpoint is being written another is not begun, and one that failed makes room for the next', async () => {
  await centre.start()
  await happen(centre, { kind: 'reading', point: lel01, value: 3, afterMs: 0, lateMs: 0 })
  const first = centre.checkpoint()
  expect(await centre.checkpoint()).toBe('skipped')
  expect(await first).toBe('saved')
  await happen(centre, { kind: 'reading', point: lel01, value: 3, afterMs: 0, lateMs: 0 })
  rmSync(join(centre.home, 'rules'), { recursive: true })
  await writeFile(join(centre.home, 'rules'), 'a file where a folder should be')
  expect(await centre.checkpoint()).toBe('failed')
  rmSync(join(centre.home, 'rules'))
  expect(await centre.checkpoint()).toBe('saved')
})
