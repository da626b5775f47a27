import { parseArgs } from 'node:util'
import { FarwatchError } from '@farwatch/model'
import type { Soak } from '../main.ts'
import { soakFaults } from './soak.ts'

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
    // Says at once what it does not find, which is of no use to other soaks.
    const { testEngines } = await import('@farwatch/runtime/testing')
    const engine = testEngines.find(({ name }) => name === values.engine)
    if (engine === undefined || engine.missing !== undefined) {
      const expected = `--engine: found "${values.engine}", expected embedded or server`
      throw new FarwatchError('bad-usage', engine?.missing ?? expected)
    }
    const server = engine.name === 'server' ? await engine.create() : undefined
    const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
    const clean = await soakFaults({
      ...{ minutes, seed, only: values.only },
      databaseUrl: server !== undefined && 'url' in server.location ? server.location.url : undefined,
      say: (text) => process.stderr.write(`${text}\n`),
    })
    if (clean) await server?.drop()
    else await server?.database.close()
    yield { line: { soak: 'faults', seed, minutes, clean }, failed: !clean }
  },
}
