import { Registry } from '@farwatch/model'
import { createMetrics, openDatabase, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { startWriter } from './writer.ts'

/** A process that only writes, for tests that kill it. Argument: JSON {location, folder, records}. Prints its place. */
const { location, folder, records } = JSON.parse(process.argv[2]!)
const journal = await openJournal({ folder, log: silentLog })
const database = await openDatabase(location)
const writer = await startWriter({
  database,
  journal,
  registry: Registry.parse({}),
  clock: systemClock,
  log: silentLog,
  metrics: createMetrics(),
  limits: { records },
})
let last = 0
systemClock.every(1, () => {
  if (writer.position === last) return
  last = writer.position
  process.stdout.write(`${last}\n`)
})
