import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { TestRun } from './test-run.ts'

const root = new URL('../..', import.meta.url).pathname

/** Runs vitest with the reporter in a folder of two test files; inside the repository, so that imports resolve. */
async function vitestRun(parameters: string[]): Promise<{ code: number; output: string; run?: TestRun }> {
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, 'node_modules/.cache/farwatch-reporter-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const files = {
    'vitest.config.ts': `
      import { AcceptanceReporter } from ${JSON.stringify(join(root, 'tools/acceptance/reporter.ts'))}
      export default { test: { include: ['**/*.test.ts'], exclude: [], reporters: ['default', new AcceptanceReporter()] } }`,
    'a.test.ts': `
      import { describe, expect, test } from 'vitest'
      import { foreignPeer, skipWithoutPeer } from '@farwatch/runtime/testing'
      describe('F2 suite', () => {
        test('passes', (context) => foreignPeer(context, { name: 'mosquitto', version: '2.0.11' }))
        test('fails', () => expect(1).toBe(2))
      })
      describe.skipIf(true)('F3 suite (not run: no server)', () => { test('stores', () => {}) })
      test('F6 waits for a peer', (context) => { skipWithoutPeer(context, 'absentpeer') })`,
    'b.test.ts': `import './missing.ts'`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    execFile(
      process.execPath,
      [vitest, 'run', '--root', folder, ...parameters],
      { cwd: folder, env: { ...process.env, CI: '', NO_COLOR: '1', VITEST: undefined } },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: `${stdout}${stderr}` }),
    )
  })
  const text = await readFile(join(folder, '.acceptance/tests.json'), 'utf8').catch(() => undefined)
  return text === undefined ? { code, output } : { code, output, run: TestRun.parse(JSON.parse(text)) }
}

test('F1 a whole run is written down: states, peers, skips with reason, files that could not run', async () => {
  const { code, output, run } = await vitestRun([])
  expect(code).toBe(1)
  expect(output).toContain('not run: F6 waits for a peer: absentpeer is not installed')
  expect(output).toContain('1 passed')
  expect(run?.tests.map(({ titles, state }) => `${titles.join(' > ')}: ${state}`)).toEqual([
    'F2 suite > passes: passed',
    'F2 suite > fails: failed',
    'F3 suite (not run: no server) > stores: skipped',
    'F6 waits for a peer: skipped',
  ])
  expect(run?.tests[0]).toMatchObject({
    file: 'a.test.ts',
    peers: [{ name: 'mosquitto', version: '2.0.11' }],
  })
  expect(run?.tests[2]?.reason).toBe('no server')
  expect(run?.tests[3]?.reason).toMatch(/^absentpeer is not installed/)
  expect(run?.errors).toEqual([expect.stringMatching(/^b\.test\.ts: .*missing\.ts/)])
}, 60_000)

test('F1 a run of part of the tests leaves the last whole run as it is', async () => {
  expect((await vitestRun(['a.test.ts'])).run).toBeUndefined()
  expect((await vitestRun(['-t', 'passes'])).run).toBeUndefined()
}, 60_000)
