import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPem, signingKey, verifyingKey } from '@farwatch/evidence'
import type { Act } from '@farwatch/model'
import { openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { describe, expect, test, vi } from 'vitest'
import { startActIndex } from './act-index.ts'
import { openActLog } from './act-log.ts'
import { Verification } from './verification.ts'

const key = signingKey(generateKeyPem())
const base = { key, clock: systemClock, log: silentLog }

const act = (id: string): Act => ({
  action: 'registry.change',
  actor: { account: 'a1', name: 'nul \0', via: 'session', from: null },
  object: { kind: 'limit', id },
  jurisdiction: null,
  ...{ outcome: 'done', before: null, after: null, reason: null },
})

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-acts-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

for (const engine of testEngines) {
  describe.skipIf(engine.missing)(
    `W4 the index of acts on the ${engine.name} database ${engine.missing ?? ''}`,
    () => {
      test('W4 it follows the log, goes on after a restart, and says when the end of the log is gone', () =>
        inFolder(async (folder) => {
          const { database, drop } = await engine.create()
          const found = async () =>
            (await database.query<{ object_id: string }>('select object_id from api_act order by seq')).map(
              (row) => row.object_id,
            )
          try {
            let log = await openActLog({ ...base, folder: join(folder, 'acts') })
            await log.append(act('1'))
            let index = await startActIndex({ ...base, acts: log, database })
            await log.append(act('2'))
            await vi.waitFor(async () => expect(await found()).toEqual(['1', '2']), { timeout: 20_000 })
            await index.stop()
            await log.append(act('3'))
            index = await startActIndex({ ...base, acts: log, database })
            await vi.waitFor(async () => expect(await found()).toEqual(['1', '2', '3']), { timeout: 20_000 })
            expect(index.problem).toBeUndefined()
            await index.stop()
            await log.stop()

            log = await openActLog({ ...base, folder: join(folder, 'shorter') })
            await log.append(act('1'))
            index = await startActIndex({ ...base, acts: log, database })
            await vi.waitFor(() => expect(index.problem).toContain('its end was cut off'), {
              timeout: 20_000,
            })
            await index.stop()
            await log.stop()
          } finally {
            await drop()
          }
        }))
    },
  )
}

test('W4 the console verifies the log on demand, and names what is wrong', () =>
  inFolder(async (folder) => {
    const log = await openActLog({ ...base, folder: join(folder, 'a') })
    for (let i = 1; i <= 600; i++) void log.append(act(String(i)))
    await log.append(act('last'))
    const keys = () => [verifyingKey(key.publicKey)]
    const deps = { ...base, keys, anchors: async () => (async function* () {})() }
    const audit = new Verification({ ...deps, acts: log })
    audit.verify()
    expect(audit.verification).toMatchObject({ state: 'running', of: 601 })
    await vi.waitFor(() => expect(audit.verification).toMatchObject({ state: 'done', done: 601, faults: [] }))
    await audit.stop()

    const copy = await openJournal({ folder: join(folder, 'b'), log: silentLog })
    for await (const { position, payload } of log.originals(600))
      if (position !== 7) void copy.append(payload!)
    await copy.close()
    await log.stop()
    const shorter = await openActLog({ ...base, folder: join(folder, 'b') })
    const again = new Verification({ ...deps, acts: shorter })
    again.verify()
    await vi.waitFor(() =>
      expect(again.verification).toMatchObject({ state: 'done', faults: [{ fault: 'removed', seq: 7 }] }),
    )
    await again.stop()
    await shorter.stop()
  }))
