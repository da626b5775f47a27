// One life of the rules in a process of its own, to be killed: `node life.ts HOME`. It receives readings as fast as they
// become durable, each reading's value following from its position, and says on standard output how far it has got.
import { join } from 'node:path'
import { createMetrics, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { start } from '../start.ts'
import { awayDatabase } from './away-database.ts'
import { encodedMessage, lel01, lifeRules, registry } from './city.ts'

const home = process.argv[2]!
const journal = await openJournal({ folder: join(home, 'centre'), log: silentLog })
const alertJournal = await openJournal({ folder: join(home, 'alerts'), log: silentLog })

const desk = await start(
  { rules: lifeRules, webhooks: [], checkpointEveryMs: 40 },
  {
    clock: systemClock,
    log: silentLog,
    metrics: createMetrics(),
    database: awayDatabase,
    journal,
    alertJournal,
    registry,
    home,
  },
)
desk.subscribe((alert) => {
  if (alert.transitions.length > 2) void desk.acknowledge(alert.id, { by: 'li' })
})
/** Stamps go by position, so that how fast this machine is decides nothing. */
const firstMs = 1_700_000_000_000
let running = true
process.on('SIGTERM', () => {
  running = false
})
while (running) {
  const value = (journal.next * 7) % 60
  const receivedMs = systemClock.now()
  const timeMs = firstMs + journal.next * 20
  await journal.append(encodedMessage({ point: lel01, receivedMs, timeMs, value }))
  process.stdout.write(`${journal.next}\n`)
}
await desk.stop()
await journal.close()
await alertJournal.close()
