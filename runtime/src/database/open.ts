import type { Database } from './database.ts'
import { openEmbedded } from './embedded.ts'
import { openServer } from './server.ts'

/** A server's address, or the folder of the embedded engine (made when it is not there). */
export type DatabaseLocation = { readonly url: string } | { readonly folder: string }

/**
 * Opens the database and makes sure TimescaleDB is enabled in it.
 * @throws DatabaseError `database-unavailable` (retryable) or `database-refused`; FarwatchError `folder-in-use`,
 * `folder-unusable`.
 */
export function openDatabase(location: DatabaseLocation): Promise<Database> {
  return 'url' in location ? openServer(location.url) : openEmbedded(location.folder)
}
