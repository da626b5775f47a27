import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { openJournal, silentLog } from '@farwatch/runtime'
import { ForgetfulDisk } from '@farwatch/runtime/testing/forgetful-disk'
import { mutateBytes } from '../mutate/bytes.ts'
import { mustHold, same, type Target, type TargetKind } from '../target.ts'

/** A damaged file of the journal: it opens with what is whole, or says that it is damaged; it never invents a record. */

const name = '0000000000000001.log'
const payloads = Array.from({ length: 12 }, (_, i) => Buffer.alloc(i * 9, 0x61 + i))

/** The file of a journal with these records, as it writes it. */
async function segmentFile(folder: string): Promise<Uint8Array> {
  const disk = new ForgetfulDisk(() => 1)
  const journal = await openJournal({ folder, log: silentLog, files: disk })
  for (const payload of payloads) await journal.append(payload)
  await journal.close()
  const file = await disk.open(join(folder, name), { create: false })
  return file.read(0, await file.size())
}

async function openTarget(): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-fuzz-journal-'))
  const whole = await segmentFile(join(folder, 'seed'))
  return {
    name: 'journal',
    seeds: [whole],
    mutate: mutateBytes,
    async judge(input) {
      const disk = new ForgetfulDisk(() => 1)
      const file = await disk.open(join(folder, 'run', name), { create: true })
      await file.write(0, [input])
      const journal = await openJournal({ folder: join(folder, 'run'), log: silentLog, files: disk }).catch(
        declared,
      )
      if (journal === undefined) return 'refused'
      try {
        const { next } = journal
        const records = await journal.read(1)
        for (const { position, payload } of records) {
          // Damage in the middle is told as such.
          if (payload === undefined) continue
          mustHold(
            same(payload, payloads[position - 1] ?? Buffer.of(0)),
            `record ${position} was never written`,
          )
        }
        mustHold(records.length === next - 1, `${records.length} records can be read of ${next - 1}`)
        mustHold((await journal.append(payloads[3]!)) === next, 'the next record has another place')
        return next - 1 === payloads.length ? 'accepted' : 'refused'
      } finally {
        await journal.close()
      }
    },
    finish: () => rm(folder, { recursive: true, force: true }),
  }
}

function declared(error: unknown): undefined {
  if (error instanceof FarwatchError && error.code === 'journal-damaged') return undefined
  throw error
}

export const journal: TargetKind = { name: 'journal', share: 2, open: openTarget }
