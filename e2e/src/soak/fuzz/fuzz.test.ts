import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'
import { targets } from './targets/index.ts'

/** A short sample; `npm run soak -- fuzz` runs a million. */
const runs = 6_000
const silent = () => undefined

test('J6 a sample of changed input: every decoder refuses as declared, and what it takes it takes in one way', {
  timeout: 60_000,
}, async () => {
  const seed = Number(process.env.FARWATCH_FUZZ_SEED ?? Date.now() % 2 ** 31)
  console.log(`fuzz: seed ${seed}`)
  let accepted = 0
  for await (const result of fuzz({ runs, seed, from: 0, targets, say: silent })) {
    expect(result.fault, `${result.target}, FARWATCH_FUZZ_SEED=${seed}`).toBeUndefined()
    accepted += result.accepted
  }
  expect(accepted).toBeGreaterThan(runs / 20)
})

const target = (judge: Target['judge']): Target => ({
  name: 'made-up',
  seeds: [Uint8Array.of(1, 2, 3)],
  mutate: (_, random: Random) => Uint8Array.of(random.below(250), random.below(256)),
  judge,
})

async function resultOf(one: Target, from = 0, most = 5_000) {
  const kind = { name: one.name, share: 1, open: () => one }
  for await (const result of fuzz({ runs: most, seed: 7, from, targets: [kind], say: silent })) return result
  throw new Error('no result')
}

test('J6 a fault is found, told with its input, and found again from its run alone', async () => {
  const faulty = target((bytes) => {
    if (bytes[0] === 77) throw new RangeError('too deep')
    return 'accepted'
  })
  const found = await resultOf(faulty)
  expect(found.fault?.problem).toMatch(/RangeError: too deep/)
  expect(Buffer.from(found.fault!.input, 'base64')[0]).toBe(77)
  const again = await resultOf(faulty, found.fault!.run, 1)
  expect(again.fault).toEqual(found.fault)
})

test('J6 a decoder that refuses its own valid input is a fault too', async () => {
  expect((await resultOf(target(() => 'refused'))).fault).toMatchObject({
    run: -1,
    problem: expect.stringMatching(/valid input/),
  })
})

test('J6 npm run soak tells its seed and prints a line a result; what it does not know is said', async () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, '../main.ts'), ...args])
  const { stdout, stderr } = await run('fuzz', '--runs', '50', '--seed', '5', '--target', 'topic')
  expect(JSON.parse(stdout)).toMatchObject({ soak: 'fuzz', target: 'topic', seed: 5, runs: 50 })
  expect(stderr).toContain('fuzz: seed 5')
  await expect(run('fuzz', '--target', 'moon')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('expected one of batch'),
  })
  await expect(run('dance')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('npm run soak -- NAME'),
  })
})
