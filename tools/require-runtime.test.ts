import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('require-runtime.mjs', import.meta.url))

/** Runs the script in a Node that takes itself for the given version. */
function onNode(version: string): { status: number | null; stderr: string } {
  const disguise = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, script],
    { encoding: 'utf8' },
  )
  return { status, stderr }
}

test('F1 without the pinned runtime a message says what was found, expected, and what to do', () => {
  const { status, stderr } = onNode('20.20.2')
  expect(status).toBe(1)
  expect(stderr).toContain('Farwatch needs Node 24')
  expect(stderr).toContain('this is Node 20.20')
  expect(stderr).toContain('npm install')
})

test('F1 the pinned runtime, and a later one, go on without a word', () => {
  for (const version of ['24.21.0', '26.1.0']) expect(onNode(version)).toEqual({ status: 0, stderr: '' })
})
