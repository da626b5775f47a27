import { fileURLToPath } from 'node:url'
import { type Database, type Logger, migrate } from '@farwatch/runtime'

const folder = fileURLToPath(new URL('../../migrations', import.meta.url))

/** Brings ingest's tables, views and functions up to date. */
export function migrateStore(database: Database, log: Logger): Promise<number[]> {
  return migrate(database, { service: 'ingest', folder, log })
}
