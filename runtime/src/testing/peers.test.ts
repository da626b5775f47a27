import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findPeer, foreignPeer, type PeerTestContext, skipWithoutPeer } from './peers.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farwatch-peers-'))
  vi.stubEnv('PATH', folder)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function program(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

function context(): PeerTestContext & { task: { meta: { foreignPeers?: unknown } } } {
  return {
    task: { meta: {} },
    skip(note) {
      throw new Error(`skipped: ${note}`)
    },
  }
}

test('a peer is found on the PATH with its version, wherever it prints it', () => {
  const path = program('plainpeer', 'echo "plainpeer 1.2.3"')
  expect(findPeer('plainpeer')).toEqual({ name: 'plainpeer', path, version: '1.2.3' })
  program('mbpoll', 'echo "mbpoll 1.4.11" >&2; exit 1')
  expect(findPeer('mbpoll')?.version).toBe('1.4.11')
  expect(findPeer('absentpeer')).toBeUndefined()
})

test('a peer that took part is noted once on the task', () => {
  program('plainpeer', 'echo "plainpeer 1.2.3"')
  const seen = context()
  skipWithoutPeer(seen, 'plainpeer')
  foreignPeer(seen, { name: 'plainpeer', version: '1.2.3' })
  expect(seen.task.meta.foreignPeers).toEqual([{ name: 'plainpeer', version: '1.2.3' }])
})

test('F1 a missing peer is a visible skip, and a failure under CI=true', () => {
  vi.stubEnv('CI', '')
  expect(() => skipWithoutPeer(context(), 'absentpeer')).toThrow(
    'skipped: not run: absentpeer is not installed',
  )
  vi.stubEnv('CI', 'true')
  expect(() => skipWithoutPeer(context(), 'absentpeer')).toThrow('under CI=true that is a failure')
})
