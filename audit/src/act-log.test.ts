import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPem, signingKey } from '@farwatch/evidence'
import type { Act, ActLog, RecordedAct } from '@farwatch/model'
import { openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { ForgetfulDisk } from '@farwatch/runtime/testing/forgetful-disk'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { openActLog } from './act-log.ts'

const key = signingKey(generateKeyPem())
const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-acts-'))
  folders.push(folder)
  return folder
}

function act(id: string, after: Act['after'] = null): Act {
  return {
    action: 'registry.change',
    actor: { account: 'a1', name: '王敏', via: 'session', from: '10.0.0.7' },
    object: { kind: 'limit', id },
    jurisdiction: '341602',
    outcome: 'done',
    before: null,
    after,
    reason: null,
  }
}

async function all(log: Pick<ActLog, 'read'>, from = 1): Promise<RecordedAct[]> {
  const acts: RecordedAct[] = []
  for await (const one of log.read(from)) acts.push(one)
  return acts
}

test('W4 acts come back as they were, in order, after the log is opened again', async () => {
  const options = { folder: await newFolder(), key, clock: systemClock, log: silentLog }
  const log = await openActLog(options)
  const spelled = JSON.parse('{"__proto__":{"a":1},"z":-0.5,"a":"\\ud800"}') as Act['after']
  const made = await Promise.all([log.append(act('1', spelled)), log.append(act('2')), log.append(act('3'))])
  expect(made.map(({ seq }) => seq)).toEqual([1, 2, 3])
  expect(log.end).toBe(3)
  await log.stop()

  const again = await openActLog(options)
  expect(again.problem).toBeUndefined()
  expect(again.end).toBe(3)
  const read = await all(again)
  expect(JSON.stringify(read)).toBe(
    JSON.stringify(made.map(({ seq, atMs, ...one }) => ({ ...one, seq, atMs }))),
  )
  expect((await again.append(act('4'))).seq).toBe(4)
  expect((await all(again, 3)).map(({ seq }) => seq)).toEqual([3, 4])
  await again.stop()
})

test('W4 an act of a whole import is taken, a larger one refused with a word on what to do', async () => {
  const log = await openActLog({ folder: await newFolder(), key, clock: systemClock, log: silentLog })
  const large = 'x'.repeat(8 * 1024 * 1024 - 1_000)
  await log.append(act('import', large))
  await expect(log.append(act('too large', `${large}${large}`))).rejects.toMatchObject({
    code: 'act-too-large',
  })
  await log.append(act('next'))
  const read = await all(log)
  expect(read.map(({ object }) => object?.id)).toEqual(['import', 'next'])
  expect(read[0]?.after).toBe(large)
  await log.stop()
})

test('W4 an act that is not one is refused and leaves the log as it was', async () => {
  const log = await openActLog({ folder: await newFolder(), key, clock: systemClock, log: silentLog })
  await expect(log.append({ ...act('1'), reason: 'x'.repeat(2_001) })).rejects.toMatchObject({
    code: 'bad-act',
  })
  expect(log.end).toBe(0)
  await log.stop()
})

test('W4 an entry that another key has signed, or that was changed, is told when the log is opened', async () => {
  const folder = await newFolder()
  const options = { folder, key, clock: systemClock, log: silentLog }
  const log = await openActLog(options)
  for (const id of ['1', '2', '3']) await log.append(act(id))
  await log.stop()
  const entries = await entriesOf(folder)

  const foreign = await openActLog({ ...options, key: signingKey(generateKeyPem()) })
  expect(foreign.problem).toContain("act 3 is not signed by this centre's key")
  await foreign.stop()

  const changed = Buffer.from(entries[1]!)
  changed[changed.indexOf('"2"') + 1] = '9'.charCodeAt(0)
  const cases: [string, Uint8Array[], string][] = [
    ['changed', [entries[0]!, changed, entries[2]!], 'act 3 does not follow'],
    ['taken out', [entries[0]!, entries[2]!], 'act 2 does not follow'],
    ['turned round', [entries[1]!, entries[0]!, entries[2]!], 'act 1 does not follow'],
    ['last changed', [entries[0]!, changed], "act 2 is not signed by this centre's key"],
  ]
  for (const [what, rewritten, problem] of cases) {
    const place = await newFolder()
    const journal = await openJournal({ folder: place, log: silentLog })
    for (const bytes of rewritten) await journal.append(bytes)
    await journal.close()
    const opened = await openActLog({ ...options, folder: place })
    expect(opened.problem, what).toContain(problem)
    // What happens now is written down all the same.
    expect((await opened.append(act('after'))).seq).toBe(rewritten.length + 1)
    await opened.stop()
  }
})

async function entriesOf(folder: string): Promise<Uint8Array[]> {
  const journal = await openJournal({ folder, log: silentLog })
  const entries = await journal.read(1)
  await journal.close()
  return entries.map(({ payload }) => payload!)
}

test('W4 on a full disk nothing is half done, and the log goes on when there is room', async () => {
  const disk = new ForgetfulDisk(() => 0.5)
  const options = { folder: '/acts', key, clock: systemClock, log: silentLog, files: disk.life() }
  const log = await openActLog(options)
  await log.append(act('1'))
  disk.capacity = disk.usedBytes + 200
  const refused = await Promise.allSettled([log.append(act('2')), log.append(act('3'))])
  for (const one of refused)
    expect(one).toMatchObject({ reason: { code: 'act-log-unavailable', retryable: true } })
  expect(log.end).toBe(1)
  expect(log.problem).toBeDefined()
  disk.capacity = Number.POSITIVE_INFINITY
  expect((await log.append(act('4'))).seq).toBe(2)
  await log.stop()
  const again = await openActLog({ ...options, files: disk.life() })
  expect(again.problem).toBeUndefined()
  expect((await all(again)).map(({ object }) => object?.id)).toEqual(['1', '4'])
  await again.stop()
})

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('cut' as const), count: fc.integer({ min: 0, max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      what: fc.constantFrom('write' as const, 'sync' as const),
    }),
  },
)

test('W4 whenever the power fails, every act that was confirmed is there and the chain is whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      async (steps, luck) => {
        const disk = new ForgetfulDisk(() => luck.next().value)
        const open = () =>
          openActLog({ folder: '/acts', key, clock: systemClock, log: silentLog, files: disk.life() })
        let log = await open()
        const confirmed = new Map<number, string>()
        let made = 0
        let life = 0
        const append = (count: number) =>
          Array.from({ length: count }, () => {
            const id = String(made++)
            const begun = life
            return log.append(act(id)).then(
              ({ seq }) => {
                // What a process hears after the power is gone, it tells nobody.
                if (begun === life) confirmed.set(seq, id)
              },
              () => undefined,
            )
          })
        const check = async () => {
          expect(log.problem).toBeUndefined()
          const read = await all(log)
          expect(read.map(({ seq }) => seq)).toEqual(Array.from(read, (_, i) => i + 1))
          for (const [seq, id] of confirmed) expect(read[seq - 1]?.object?.id).toBe(id)
        }
        for (const one of steps) {
          if (one.do === 'append') await Promise.all(append(one.count))
          else if (one.do === 'fail') disk.failNext = one.what
          else {
            const under = append(one.count)
            if (one.count % 2 === 0) await new Promise(setImmediate)
            disk.powerCut()
            life++
            disk.failNext = undefined
            await Promise.all(under)
            await log.stop().catch(() => undefined)
            log = await open()
            await check()
          }
        }
        disk.failNext = undefined
        await Promise.all(append(1))
        await check()
        await log.stop()
      },
    ),
    { numRuns: 60 },
  )
})
