/**
 * The contract of the backbone: an append-only log, durable on append, ordered, at least once. A file journal honours it
 * on one machine, a JetStream stream on several.
 */
export interface Journal {
  /**
   * Resolves with the record's position (1, 2, 3 …) once it is on disk (fsync); many appends share one fsync.
   * Rejects with FarwatchError `journal-full` (the bound is reached; nothing was written; retryable), `journal-failed` (the
   * disk refused, be it full or broken; retryable) or `journal-closed`. It resumes by itself: the first append that fits
   * again is taken. The bytes are given away: readers may get them as they are.
   */
  append(payload: Uint8Array): Promise<number>
  /**
   * One entry for each durable position from `from` on (or from the oldest kept), at most `limits`; empty when there is
   * nothing yet. A record that the disk does not give back any more comes as a `DamagedRecord`: the reader says so where
   * its people look, and goes on behind it.
   */
  read(from: number, limits?: ReadLimits): Promise<JournalEntry[]>
  /** Batches of entries from `from` on, waiting for new ones until the signal aborts, then returns. */
  follow(from: number, signal: AbortSignal, limits?: ReadLimits): AsyncIterable<JournalEntry[]>
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
  /** What is wrong, in words: appends are refused, or what should go cannot go. Undefined when all is well. */
  readonly problem: string | undefined
  /** What this life of the journal has given up although readers had not passed it, each time declared before. */
  readonly dropped: { readonly records: number; readonly bytes: number }
  /** Records found damaged in this life of the journal, each counted once. */
  readonly damaged: number
  close(): Promise<void>
}

export interface JournalRecord {
  readonly position: number
  readonly payload: Uint8Array
}

/** A record that was acknowledged and that the disk does not give back any more. */
export interface DamagedRecord {
  readonly position: number
  readonly payload: undefined
  /** The whole stretch of damaged records, `first` to `next - 1`. */
  readonly damaged: { readonly first: number; readonly next: number }
}

/** What stands at a position; `payload` is undefined where it is damaged. */
export type JournalEntry = JournalRecord | DamagedRecord

export interface ReadLimits {
  readonly records?: number
  readonly bytes?: number
}

export interface Cursor {
  /** Where this reader goes on: one past the last record it is done with. */
  readonly position: number
  /**
   * Everything before `position` is done with. Durable soon, not at once: after a crash some records come again, so
   * what a reader does with them must be idempotent. Going back is refused. A journal that drops its oldest records moves
   * cursors that stood inside.
   */
  advance(position: number): void
}
