/**
 * The contract of the backbone: an append-only log, durable on append, ordered, at least once. A file journal honours it
 * on one machine, a JetStream stream on several.
 */
export interface Journal {
  /**
   * Resolves with the record's position (1, 2, 3 …) once it is on disk (fsync); many appends share one fsync.
   * Rejects with FarwatchError `journal-full` (the bound is reached; nothing was written), `journal-failed` (the disk
   * refused; retryable) or `journal-closed`. The bytes are given away: readers may get them as they are.
   */
  append(payload: Uint8Array): Promise<number>
  /** Durable records from `from` on (or from the oldest kept), at most `limits`; empty when there is nothing yet. */
  read(from: number, limits?: ReadLimits): Promise<JournalRecord[]>
  /** Batches of durable records from `from` on, waiting for new ones until the signal aborts, then returns. */
  follow(from: number, signal: AbortSignal, limits?: ReadLimits): AsyncIterable<JournalRecord[]>
  /** A named reader's place. Records before the least of all cursors may be deleted. */
  cursor(name: string): Promise<Cursor>
  /** Gives up the places of readers that are no more, durably; nobody may hold one of their cursors. */
  forgetCursors(isGone: (name: string) => boolean): Promise<void>
  /** Position of the oldest record still kept; `next` when empty. */
  readonly first: number
  /** Position that the next append gets. All before it is durable. */
  readonly next: number
  /** Bytes on disk. */
  readonly bytes: number
  close(): Promise<void>
}

export interface JournalRecord {
  readonly position: number
  readonly payload: Uint8Array
}

export interface ReadLimits {
  readonly records?: number
  readonly bytes?: number
}

export interface Cursor {
  /** Where this reader goes on: one past the last record it is done with. */
  readonly position: number
  /**
   * Everything before `position` is done with. Durable soon, not at once: after a crash some records come again, so
   * what a reader does with them must be idempotent. Going back is refused.
   */
  advance(position: number): void
}
