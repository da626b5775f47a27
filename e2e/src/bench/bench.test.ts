import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Figure, figure } from './figure.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, 'main.ts')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-bench-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What a bench of the smallest size prints, line by line; everything it prints must be a figure and be kept as printed. */
async function figuresOf(name: string, ...options: string[]) {
  const file = join(folder, `${name}.jsonl`)
  const { stdout, stderr } = await run(process.execPath, [main, name, ...options, '--figures', file])
  expect(await readFile(file, 'utf8')).toBe(stdout)
  const lines = stdout.trimEnd().split('\n')
  return { figures: lines.map((line) => Figure.parse(JSON.parse(line))), stderr }
}

describe.concurrent('F7 benches', () => {
  test('F7 ingest prints its six figures beside COPY, and counts its rows by SQL', {
    timeout: 90_000,
  }, async () => {
    const { figures, stderr } = await figuresOf('ingest', '--rows', '2000', '--engine', 'embedded')
    expect(figures.map(({ metric }) => metric)).toEqual([
      'rows_per_s',
      'rows_per_s_10x10',
      'rows_per_s_20',
      'rows_per_s_plain5',
      'cpu_s_per_million_rows',
      'peak_rss_mb',
    ])
    for (const { against, engine } of figures) {
      expect(against?.name).toMatch(/same/)
      expect(engine).toMatch(/^embedded TimescaleDB \S+ community/)
    }
    expect(stderr).toMatch(/counted by SQL: 6,000 readings, 100 batches in the ledger, 60 alerts raised/)
    expect(stderr).toMatch(/not measured: Node-RED/)
  })

  test('F7 latency prints its three figures, and counts its rows by SQL', { timeout: 90_000 }, async () => {
    const { figures, stderr } = await figuresOf('latency', '--load', '100', '--samples', '5')
    expect(figures.map(({ metric, samples }) => [metric, samples])).toEqual([
      ['console_p50_ms', 5],
      ['console_p99_ms', 5],
      ['push_p99_ms', 5],
    ])
    expect(stderr).toMatch(/counted by SQL: \d of 5 alerts recorded/)
  })

  test.each([
    [['nonsense'], /found "nonsense", expected one of these/],
    [['ingest', '--rows', 'many'], /--rows: found "many", expected a whole number/],
    [['ingest', '--engine', 'oracle'], /--engine: found "oracle", expected embedded or server/],
  ])('F7 %j is refused with what was found and expected', async (args, message) => {
    await expect(run(process.execPath, [main, ...args])).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(message),
    })
  })
})

test('F7 a ratio is that of the two figures beside it', () => {
  const base = { bench: 'b', metric: 'm', unit: '1/s', samples: 3 }
  expect(figure({ ...base, value: 1_236, against: { name: 'other', value: 3_000 } })).toEqual({
    ...base,
    value: 1_240,
    against: { name: 'other', value: 3_000 },
    ratio: 0.412,
  })
  expect(Figure.safeParse({ ...base, value: 1, ratio: 2 }).success).toBe(false)
  expect(Figure.safeParse({ ...base, value: Number.NaN }).success).toBe(false)
})
