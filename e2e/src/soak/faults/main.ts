import { parseArgs } from 'node:util'
import { testEngines } from '@farwatch/runtime/testing'
import { soakFaults } from './soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    only: { type: 'string', multiple: true, default: [] },
    engine: { type: 'string', default: 'embedded' },
  },
})
const engine = testEngines.find(({ name }) => name === values.engine)
if (engine === undefined || engine.missing !== undefined)
  throw new Error(engine?.missing ?? `--engine: found "${values.engine}", expected embedded or server`)
const server = engine.name === 'server' ? await engine.create() : undefined
const clean = await soakFaults({
  minutes: Number(values.minutes),
  seed: Number(values.seed),
  databaseUrl: server !== undefined && 'url' in server.location ? server.location.url : undefined,
  only: values.only,
  say: (text) => process.stdout.write(`${text}\n`),
})
process.exitCode = clean ? 0 : 1
if (clean) await server?.drop()
else await server?.database.close()
