import { join } from 'node:path'
import {
  type ArchiveBounds,
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
  const open = async (name: string, archive?: { archive: string; archiveBounds: ArchiveBounds }) => {
    const journal = await openJournal({ folder: join(home, name), log, clock: systemClock, ...archive })
    life.onStop(name, () => journal.close())
    return journal
  }
  const originals = { archive: join(home, 'archive'), archiveBounds: { bytes: archiveBytes } }
  return { database, journal: await open('journal', originals), alertJournal: await open('alerts') }
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
