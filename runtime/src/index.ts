export * from './backoff.ts'
export * from './clock.ts'
export * from './config.ts'
export * from './database/database.ts'
export { DatabaseError, type DatabaseErrorCode } from './database/errors.ts'
export { lockFile } from './database/folder-lock.ts'
export { migrate, migrationState } from './database/migrate.ts'
export { type DatabaseLocation, openDatabase } from './database/open.ts'
export { type PlainServer, plainServer } from './database/server.ts'
export * from './files.ts'
export * from './ids.ts'
export {
  type ArchiveBounds,
  type JournalArchive,
  openArchive,
  readKept,
} from './journal/archive.ts'
export * from './journal/file-journal.ts'
export * from './journal/journal.ts'
export { readKeptFolders } from './journal/kept-folders.ts'
export type { JournalBounds, Loss } from './journal/retention.ts'
export { wholeJournal } from './journal/whole-journal.ts'
export * from './lifecycle.ts'
export * from './log.ts'
export * from './metrics.ts'
export * from './mqtt-packet-limit.ts'
export * from './post.ts'
export * from './steady-clock.ts'
export * from './webhook.ts'
