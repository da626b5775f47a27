import { join } from 'node:path'
import { Credentials, startIntake } from '@farwatch/ingest'
import { createMetrics, openJournal, silentLog, systemClock } from '@farwatch/runtime'

// Intake and its journal as a process of their own, to be watched from outside: node acknowledging-centre.ts FOLDER
const home = process.argv[2]!
const base = { clock: systemClock, log: silentLog, home }
const journal = await openJournal({ ...base, folder: join(home, 'journal') })
const intake = await startIntake(
  { host: '127.0.0.1', port: 0 },
  {
    ...{ ...base, metrics: createMetrics(), journal, registry: { sites: [] } },
    credentials: await Credentials.open(join(home, 'credentials.json')),
  },
)
process.on(
  'SIGTERM',
  () =>
    void intake
      .stop()
      .then(() => journal.close())
      .then(() => process.exit(0)),
)
console.log(`PORT ${intake.port}`)
