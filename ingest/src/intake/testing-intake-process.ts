import { join } from 'node:path'
import { Registry } from '@farwatch/model'
import { createMetrics, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { Credentials } from './credentials.ts'
import { startIntake } from './intake.ts'

/** A process that only takes in, for tests that kill it. Argument: its folder. Prints its port. */
const home = process.argv[2]!
const journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
const credentials = await Credentials.open(join(home, 'credentials.json'))
const intake = await startIntake(
  { host: '127.0.0.1', port: 0 },
  {
    ...{ clock: systemClock, log: silentLog, metrics: createMetrics(), journal, credentials, home },
    registry: Registry.parse({}),
  },
)
process.stdout.write(`${intake.port}\n`)
