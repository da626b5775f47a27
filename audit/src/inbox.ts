import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Act, type ActLog, messageOf } from '@farwatch/model'
import { type Clock, type Logger, randomId, type Service, writeAtomically } from '@farwatch/runtime'

const lookEveryMs = 1_000
const fileName = /^\d{15}-[0-9a-z]+\.json$/i

/**
 * Leaves what a command has done for the centre, which writes it to the log of acts within a second, or at its next start.
 * Resolves once that is durable. `madeAt` in `after` says when it was done.
 */
export async function leaveAct(folder: string, act: Act, nowMs: number): Promise<void> {
  const name = `${String(nowMs).padStart(15, '0')}-${randomId()}.json`
  const done =
    typeof act.after === 'object' && act.after !== null && !Array.isArray(act.after) ? act.after : {}
  const after = { ...done, madeAt: new Date(nowMs).toISOString() }
  await writeAtomically(join(folder, name), JSON.stringify({ ...act, after }))
}

/** Takes in what commands have left, in order. A crash in between may write an act twice, never lose one. */
export async function startInbox(
  folder: string,
  { acts, clock, log }: { acts: ActLog; clock: Clock; log: Logger },
): Promise<Service> {
  let taking: Promise<void> = Promise.resolve()
  let told = false
  const look = () => {
    taking = taking
      .then(() => takeAll(folder, acts, log))
      .then(() => {
        told = false
      })
      .catch((error) => {
        if (!told) log.warn({ problem: messageOf(error) }, 'acts of commands wait')
        told = true
      })
    return taking
  }
  await look()
  const cancel = clock.every(lookEveryMs, look)
  return {
    async stop() {
      cancel()
      await taking
    },
  }
}

async function takeAll(folder: string, acts: ActLog, log: Logger): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names.filter((one) => fileName.test(one)).sort()) {
    const path = join(folder, name)
    const act = read(await readFile(path, 'utf8'))
    if (act === undefined) {
      await rename(path, `${path}.refused`)
      log.error({ path }, 'this is no act; it is kept aside')
      continue
    }
    await acts.append(act)
    await rm(path)
  }
}

function read(text: string): Act | undefined {
  try {
    return Act.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
