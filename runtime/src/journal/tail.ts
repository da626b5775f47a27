import type { JournalRecord, ReadLimits } from './journal.ts'

/** What a record costs beside its bytes: the objects that hold it. */
const overheadBytes = 200

/**
 * The newest durable records in memory, at most so many bytes: followers near the end are given the very records that were
 * appended, without reading the file. Those who are further behind read the file.
 */
export class Tail {
  readonly #maxBytes: number
  #records: JournalRecord[] = []
  /** Index of the oldest kept; what lies before it is given up in one go now and then. */
  #from = 0
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes
  }

  /** The record is on disk; its position is the one after the last. */
  add(record: JournalRecord): void {
    this.#records.push(record)
    this.#bytes += record.payload.length + overheadBytes
    while (this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#records[this.#from]!.payload.length + overheadBytes
      this.#from++
    }
    if (this.#from > 1_024 && this.#from > this.#records.length / 2) {
      this.#records = this.#records.slice(this.#from)
      this.#from = 0
    }
  }

  /** Records from `position` on; undefined where the tail does not reach back so far, or holds nothing from there on. */
  read(position: number, { records, bytes }: Required<ReadLimits>): JournalRecord[] | undefined {
    const oldest = this.#records[this.#from]
    if (oldest === undefined || position < oldest.position) return undefined
    const start = this.#from + position - oldest.position
    let end = start
    for (let size = 0; end < this.#records.length && end - start < records && size < bytes; end++) {
      size += this.#records[end]!.payload.length
    }
    return end === start ? undefined : this.#records.slice(start, end)
  }
}
