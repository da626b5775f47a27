import { join } from 'node:path'
import {
  type Database,
  DatabaseError,
  type Journal,
  type Lifecycle,
  type Logger,
  openDatabase,
  openJournal,
  systemClock,
} from '@farwatch/runtime'

export interface Storage {
  readonly database: Database
  /** What intake has taken in. */
  readonly journal: Journal
  /** What became of alerts. */
  readonly alertJournal: Journal
}

/** A database server that is started together with us may need so long. */
const databaseWithinMs = 60_000
const retryMs = 1_000
/** Originals as received, compressed, that are kept when every reader has passed them. */
const archiveBytes = 64 * 1024 ** 3

/** Where the originals stay that every reader of the journal has passed: they are the evidence. */
export const archiveOf = (home: string) => join(home, 'archive')

/** Where the log of acts stands. */
export const actsOf = (home: string) => join(home, 'acts')

/** Where commands leave what they did for the log of acts. */
export const inboxOf = (home: string) => join(home, 'acts-inbox')

/** Opens the journal of what intake takes in, with its archive: without that, what every reader has passed would be gone. */
export function openOriginals(home: string, log: Logger): Promise<Journal> {
  const archive = { archive: archiveOf(home), archiveBounds: { bytes: archiveBytes } }
  return openJournal({ folder: join(home, 'journal'), log, clock: systemClock, ...archive })
}

/** Opens journals and database in the data folder, or the server at `databaseUrl`; closed again by `life`. */
export async function openStorage(
  { home, databaseUrl }: { home: string; databaseUrl: string | undefined },
  { life, log, progress }: { life: Lifecycle; log: Logger; progress: (text: string) => void },
): Promise<Storage> {
  progress(databaseUrl === undefined ? 'Opening the embedded database' : 'Connecting to the database')
  const database = await openWithin(
    databaseUrl === undefined ? { folder: join(home, 'database') } : { url: databaseUrl },
    progress,
  )
  life.onStop('database', () => database.close())
  const keep = (name: string, journal: Journal) => {
    life.onStop(name, () => journal.close())
    return journal
  }
  const archive = join(home, 'alerts-archive')
  const alerts = { folder: join(home, 'alerts'), archive, log, clock: systemClock }
  return {
    database,
    journal: keep('journal', await openOriginals(home, log)),
    alertJournal: keep('alerts', await openJournal(alerts)),
  }
}

async function openWithin(location: Parameters<typeof openDatabase>[0], progress: (text: string) => void) {
  const until = systemClock.monotonicMs() + databaseWithinMs
  for (;;) {
    try {
      return await openDatabase(location)
    } catch (error) {
      const mayCome = error instanceof DatabaseError && error.retryable && systemClock.monotonicMs() < until
      if (!mayCome) throw error
      progress(`Waiting for the database (${error.message})`)
      await systemClock.sleep(retryMs)
    }
  }
}
