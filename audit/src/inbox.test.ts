import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPem, signingKey } from '@farwatch/evidence'
import type { Act, RecordedAct } from '@farwatch/model'
import { silentLog, systemClock } from '@farwatch/runtime'
import { expect, test, vi } from 'vitest'
import { openActLog } from './act-log.ts'
import { leaveAct, startInbox } from './inbox.ts'

const act = (id: string): Act => ({
  action: 'key.revoke',
  actor: { account: 'root', name: '', via: 'command', from: null },
  object: { kind: 'key', id },
  ...{ jurisdiction: null, outcome: 'done', before: null, after: { gateway: 'GW-1' }, reason: 'broken open' },
})

test('W4 what a command did is written down by the centre, at once or at its next start, in order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-inbox-'))
  try {
    const inbox = join(folder, 'inbox')
    await leaveAct(inbox, act('2'), 2_000)
    await leaveAct(inbox, act('1'), 1_000)
    await writeFile(join(inbox, '000000000001500-abc.json'), '{"action": "rm"}')
    const options = { key: signingKey(generateKeyPem()), clock: systemClock, log: silentLog }
    const acts = await openActLog({ folder: join(folder, 'acts'), ...options })
    const running = await startInbox(inbox, { acts, ...options })
    expect(acts.end).toBe(2)
    await leaveAct(inbox, act('3'), 3_000)
    await vi.waitFor(() => expect(acts.end).toBe(3), { timeout: 10_000 })
    await running.stop()
    const read: RecordedAct[] = []
    for await (const one of acts.read(1)) read.push(one)
    expect(read.map(({ object }) => object?.id)).toEqual(['1', '2', '3'])
    expect(read[0]).toMatchObject({ after: { gateway: 'GW-1', madeAt: '1970-01-01T00:00:01.000Z' } })
    expect(await readdir(inbox)).toEqual(['000000000001500-abc.json.refused'])
    await acts.stop()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
