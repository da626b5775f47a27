import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FarwatchError } from '@farwatch/model'
import type { Soak } from '../main.ts'
import { runBacklog } from './backlog.ts'

const say = (text: string) => void process.stderr.write(`${text}\n`)

export const soakFaultsCommand: Soak = {
  usage: `  faults  [--minutes 60] [--seed N] [--only NAME …] [--engine embedded|server]
          every part killed, cut and starved under load; what was sent and what is stored are counted`,
  async *run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '60' },
        seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
        only: { type: 'string', multiple: true, default: [] },
        engine: { type: 'string', default: 'embedded' },
      },
    })
    const [minutes, seed] = [positive('--minutes', values.minutes), Number(values.seed)]
    const server = await serverFor(values.engine)
    const { soakFaults } = await import('./soak.ts')
    const outcome = await soakFaults({
      ...{ minutes, seed, only: values.only, say, signal: untilStopped() },
      databaseUrl: server !== undefined && 'url' in server.location ? server.location.url : undefined,
    })
    // Kept where something is wrong, for whoever looks into it.
    if (outcome.clean) await server?.drop()
    else await server?.database.close()
    yield {
      line: { soak: 'faults', engine: values.engine, seed, minutes, ...outcome },
      failed: !outcome.clean,
    }
  },
}

export const soakBacklogCommand: Soak = {
  usage: `  backlog [--hours 72] [--points 200] [--every 60]
          a line cut for so many simulated hours, healed: how long live readings take beside the backlog`,
  async *run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        hours: { type: 'string', default: '72' },
        points: { type: 'string', default: '200' },
        every: { type: 'string', default: '60' },
      },
    })
    const options = {
      cutHours: positive('--hours', values.hours),
      points: positive('--points', values.points),
      everyS: positive('--every', values.every),
    }
    const folder = await mkdtemp(join(tmpdir(), 'farwatch-backlog-'))
    try {
      const result = await runBacklog({
        ...{ folder, ...options, liveEveryMs: 50, liveSamples: 200, signal: untilStopped() },
      })
      const failed = result.once !== result.sent || result.doubles > 0
      yield { line: { soak: 'backlog', ...options, ...result }, failed }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** Aborted when somebody stops the soak: what it has started must not outlive it. */
function untilStopped(): AbortSignal {
  const ending = new AbortController()
  const error = new FarwatchError('stopped', 'stopped before the end')
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort(error))
  return ending.signal
}

async function serverFor(name: string) {
  // Says at once what it does not find, which is of no use to other soaks; so does what the faults need.
  const { testEngines } = await import('@farwatch/runtime/testing')
  const engine = testEngines.find((one) => one.name === name)
  if (engine === undefined || engine.missing !== undefined) {
    const expected = `--engine: found "${name}", expected embedded or server`
    throw new FarwatchError('bad-usage', engine?.missing ?? expected)
  }
  return name === 'server' ? engine.create() : undefined
}

function positive(option: string, text: string): number {
  const number = Number(text)
  if (Number.isFinite(number) && number > 0) return number
  throw new FarwatchError('bad-usage', `${option}: found "${text}", expected a number above 0`)
}
