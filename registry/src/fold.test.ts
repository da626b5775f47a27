import { type Change, type EntityKind, entityKinds, type RegistryDesk } from '@farwatch/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { referencesOf } from './references.ts'
import { MemoryActs } from './testing.ts'
import { change, cityLines, codLimit, line, open, text } from './testing-city.ts'

/** Everything that a registry says, for comparison. */
function all(desk: RegistryDesk) {
  return { entities: entityKinds.flatMap((kind) => desk.list(kind)), monitored: desk.monitored() }
}

const ids: Partial<Record<EntityKind, readonly string[]>> = {
  jurisdiction: ['341602', '341621'],
  department: ['d1', 'd2'],
  site: ['S1', 'S2'],
  outlet: ['S1/o', 'S2/o'],
  device: ['S1/a', 'S1/b', 'S2/a'],
  point: ['S1/a/x', 'S1/b/x', 'S2/a/x', 'S2/a/y'],
  limit: ['l1', 'l2', 'l3'],
}
const kinds = Object.keys(ids) as EntityKind[]
const pick = <T>(from: readonly T[]) => fc.constantFrom(...from)
const name = fc.constantFrom('甲', '乙', '丙').map(text)

const values: Partial<Record<EntityKind, fc.Arbitrary<unknown>>> = {
  jurisdiction: fc.record({ name }),
  department: fc.record({ name, jurisdiction: pick(ids.jurisdiction!) }),
  site: fc.record(
    {
      name,
      latitude: fc.constant(33),
      longitude: fc.constant(116),
      jurisdiction: pick(ids.jurisdiction!),
      departments: fc.subarray([...ids.department!]),
    },
    { requiredKeys: ['name', 'latitude', 'longitude'] },
  ),
  outlet: fc.record({ name, kind: fc.constant('other') }),
  device: fc.record({ name }),
  point: fc.record(
    { name, unit: pick(['m', 'kg']), outlet: fc.constant('o'), parameter: pick(['p', 'q']) },
    { requiredKeys: ['name', 'unit'] },
  ),
  limit: fc.record({
    ...{ point: pick(ids.point!), side: fc.constant('above'), value: fc.integer({ min: 0, max: 9 }) },
    ...{ unit: pick(['m', 'kg']), level: fc.constant('red'), validFrom: pick(['2026-01-01', '2026-06-01']) },
    validTo: pick(['2026-05-31', '2026-12-31']),
  }),
}

/** A line that may or may not fit: its version is that of today, as an attentive person's would be. */
const lineOf = (desk: RegistryDesk) =>
  fc
    .constantFrom(...kinds)
    .chain((kind) =>
      fc
        .tuple(
          pick(ids[kind]!),
          fc.oneof({ weight: 4, arbitrary: values[kind]! }, { weight: 1, arbitrary: fc.constant(null) }),
        )
        .map(([id, value]): Change => line(kind, id, value, desk.get(kind, id)?.version ?? 0)),
    )

const beginning = [
  ...['S1', 'S2'].flatMap((site) => [
    line('site', site, { name: text(site), latitude: 33, longitude: 116 }),
    line('outlet', `${site}/o`, { name: text('o'), kind: 'other' }),
    line('device', `${site}/a`, { name: text('a') }),
    line('point', `${site}/a/x`, { name: text('x'), unit: 'm', outlet: 'o', parameter: 'p' }),
  ]),
]

function expectWhole(desk: RegistryDesk): void {
  for (const { kind, id, value } of entityKinds.flatMap((one) => desk.list(one))) {
    for (const to of referencesOf(kind, id, value as never)) {
      if (to.loose !== true)
        expect([kind, id, to.path, desk.get(to.kind, to.id) !== undefined]).toEqual([kind, id, to.path, true])
    }
  }
}

test('W1 whatever is changed, references stay whole, memory is what its log says at every length, and history what was', async () => {
  let done = 0
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 2 ** 31 - 1 })), async (seeds) => {
      const acts = new MemoryActs()
      const desk = await open(acts)
      const memories = [all(desk)]
      await change(desk, beginning)
      memories.push(all(desk))
      const pasts = new Map<string, unknown[]>()
      for (let step = 0; step < 20; step++) {
        const [changes = []] = fc.sample(fc.array(lineOf(desk), { minLength: 1, maxLength: 3 }), {
          seed: seeds.next().value!,
          numRuns: 1,
        })
        const before = all(desk)
        const outcome = await change(desk, changes)
        if (outcome.outcome !== 'done' || acts.end < memories.length) {
          expect(all(desk)).toEqual(before)
          continue
        }
        done++
        memories.push(all(desk))
        expectWhole(desk)
        for (const { kind, id } of changes) {
          const past = pasts.get(`${kind}:${id}`) ?? []
          const now = desk.get(kind, id)?.value ?? null
          const told = (await desk.history(kind, id)).map(({ value }) => value)
          expect(told.at(-1) ?? null).toEqual(now)
          expect(told.slice(0, past.length)).toEqual(past)
          pasts.set(`${kind}:${id}`, told)
        }
      }
      for (const [length, memory] of memories.entries())
        expect(all(await open(acts.upTo(length)))).toEqual(memory)
    }),
    { numRuns: 40 },
  )
  // Otherwise nearly everything was refused, and nothing was shown.
  expect(done).toBeGreaterThan(100)
})

test('W1 a change that is only checked leaves no trace', async () => {
  const desk = await open()
  await change(desk, cityLines())
  const before = all(desk)
  desk.check([
    line('limit', '', codLimit),
    line('site', 'E02', null, 1),
    line('device', 'E01/cod', { name: text('新') }, 1),
  ])
  expect(all(desk)).toEqual(before)
})
