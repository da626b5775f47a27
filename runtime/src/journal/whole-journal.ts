import { type JournalArchive, readKept } from './archive.ts'
import type { Journal, JournalEntry, ReadLimits } from './journal.ts'

const slice = { records: 1_000, bytes: 4 * 1024 * 1024 }

/**
 * A journal together with what its archive keeps, as one that begins with the oldest record of both: for a reader that begins
 * again at the first. Appends, cursors and closing are the journal's own.
 */
export async function wholeJournal(journal: Journal, archive: JournalArchive): Promise<Journal> {
  const [oldest] = await archive.ranges()
  const first = Math.min(journal.first, oldest?.first ?? journal.first)
  async function* kept(from: number, limits: ReadLimits = {}): AsyncGenerator<JournalEntry[]> {
    const { records, bytes } = { ...slice, ...limits }
    let entries: JournalEntry[] = []
    let length = 0
    for await (const entry of readKept({ journal, archive }, Math.max(from, first), journal.next - 1)) {
      entries.push(entry)
      length += entry.payload?.length ?? 0
      if (entries.length < records && length < bytes) continue
      yield entries
      entries = []
      length = 0
    }
    if (entries.length > 0) yield entries
  }
  return {
    append: (payload) => journal.append(payload),
    async read(from, limits) {
      for await (const entries of kept(from, limits)) return entries
      return []
    },
    async *follow(from, signal, limits) {
      let position = from
      for await (const entries of kept(from, limits)) {
        if (signal.aborted) return
        yield entries
        position = entries.at(-1)!.position + 1
      }
      yield* journal.follow(position, signal, limits)
    },
    cursor: (name) => journal.cursor(name),
    forgetCursors: (isGone) => journal.forgetCursors(isGone),
    first,
    get next() {
      return journal.next
    },
    get bytes() {
      return journal.bytes
    },
    get problem() {
      return journal.problem
    },
    get dropped() {
      return journal.dropped
    },
    get damaged() {
      return journal.damaged
    },
    close: () => journal.close(),
  }
}
