import { fileURLToPath } from 'node:url'
import { type Database, type Logger, migrate } from '@farwatch/runtime'

/** Where ingest's schema stands. */
export const storeSchema = {
  service: 'ingest',
  folder: fileURLToPath(new URL('../../migrations', import.meta.url)),
}

/** Brings ingest's tables, views and functions up to date. */
export function migrateStore(database: Database, log: Logger): Promise<number[]> {
  return migrate(database, { ...storeSchema, log })
}
