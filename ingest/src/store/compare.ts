import { ChainCover, entryHash } from '@farwatch/evidence'
import { FarwatchError, fromSmallint, type Series, seriesIn } from '@farwatch/model'
import type { Database, JournalEntry, JournalRecord } from '@farwatch/runtime'
import { writerPosition } from './commit.ts'
import { type Item, readItem } from './item.ts'

/** A row of `reading` that is not what the originals say; values are null where nothing was read. */
export interface RowFinding {
  readonly kind: 'differs' | 'missing' | 'added'
  readonly point: string
  readonly timeMs: number
  /** Position in the centre's journal that the row names or should name. */
  readonly position: number
  /** `GATEWAY/CHAIN/SEQ` where that is a batch. */
  readonly batch: string | undefined
  readonly found: number | null | undefined
  readonly expected: number | null | undefined
}

export interface Comparison {
  readonly readings: number
  readonly findings: readonly RowFinding[]
  /** Records that the journal and its archive do not give back any more: their rows cannot be checked. */
  readonly damaged: number
  /** Positions before this one are gone from journal and archive. */
  readonly from: number | undefined
}

/** Readings held in memory: a period with more is refused. */
const maxReadings = 3_000_000
const maxFindings = 1_000
const sliceMs = 3_600_000

interface Expected {
  readonly value: number | null
  readonly quality: number
  count: number
}

/**
 * Compares the database's readings of a period with the originals, which the database is only an index of: whoever could
 * write SQL has changed nothing unseen. The writer may run meanwhile; what it has not written yet is not expected.
 * @throws FarwatchError `period-too-long`; DatabaseError.
 */
export async function compareWithOriginals(
  database: Database,
  originals: AsyncIterable<JournalEntry>,
  period: { readonly fromMs: number; readonly toMs: number },
): Promise<Comparison> {
  const until = await writerPosition(database)
  const originalsOf = new Originals(period)
  for await (const entry of originals) {
    if (entry.position >= until) break
    originalsOf.take(entry)
  }
  const findings: RowFinding[] = []
  const add = (finding: Omit<RowFinding, 'batch'>) => {
    if (findings.length < maxFindings)
      findings.push({ ...finding, batch: originalsOf.batches.get(finding.position) })
  }
  for await (const rows of slicesOf(database, { ...period, until })) {
    const strange = rows.filter((row) => originalsOf.canJudge(row.position) && !originalsOf.cross(row, true))
    // After all that agree: a row that was put in beside the true one must not take its place.
    for (const row of strange) {
      const { point, timeMs, position, value } = row
      const other = originalsOf.cross(row, false)
      const kind = other === undefined ? 'added' : 'differs'
      add({ kind, point, timeMs, position, found: value, expected: other?.value })
    }
  }
  for (const [key, all] of originalsOf.expected) {
    for (const { value, count } of all) {
      if (count === 0) continue
      const [position, point, timeMs] = key.split(' ')
      const at = { point: point!, timeMs: Number(timeMs), position: Number(position) }
      for (let i = 0; i < count; i++) add({ kind: 'missing', ...at, found: undefined, expected: value })
    }
  }
  return {
    readings: originalsOf.readings,
    findings,
    damaged: originalsOf.damaged.size,
    from: originalsOf.first,
  }
}

/** What the originals say that the table should hold of a period. */
class Originals {
  readonly #period: { readonly fromMs: number; readonly toMs: number }
  readonly #chains = new Map<string, ChainCover>()
  readonly expected = new Map<string, Expected[]>()
  readonly batches = new Map<number, string>()
  readonly damaged = new Set<number>()
  readings = 0
  first: number | undefined

  constructor(period: { readonly fromMs: number; readonly toMs: number }) {
    this.#period = period
  }

  take(entry: JournalEntry): void {
    this.first ??= entry.position
    if (entry.payload === undefined) {
      this.damaged.add(entry.position)
      return
    }
    const item = readItem(entry as JournalRecord)
    if (this.#isRepeated(item)) return
    for (const series of seriesIn(item.readings)) this.#add(series, entry.position)
  }

  canJudge(position: number): boolean {
    return this.first !== undefined && position >= this.first && !this.damaged.has(position)
  }

  /** Crosses a reading off: the very same one, or any of its point and time in the record that is left. */
  cross({ position, point, timeMs, value, quality }: ReadingRow, exactly: boolean): Expected | undefined {
    const left = (this.expected.get(keyOf(position, point, timeMs)) ?? []).filter(({ count }) => count > 0)
    const found = exactly
      ? left.find((one) => Object.is(one.value, value) && one.quality === quality)
      : left[0]
    if (found !== undefined) found.count--
    return found
  }

  /** The ledger takes the first batch of each place in a chain. */
  #isRepeated({ content, source }: Item): boolean {
    if (content.kind !== 'batch') return false
    const { header, sign1 } = content.signed
    const chain = `${header.gateway}/${header.chain}`
    const cover = this.#chains.get(chain) ?? new ChainCover()
    this.#chains.set(chain, cover)
    const { seq, prev } = header
    this.batches.set(source.position, `${chain}/${seq}`)
    return cover.add({ from: seq, to: seq, prev, last: entryHash(sign1) }) === 'repeated'
  }

  #add({ point, timesMs, values, qualities }: Series, position: number): void {
    for (const [i, timeMs] of timesMs.entries()) {
      if (timeMs < this.#period.fromMs || timeMs >= this.#period.toMs) continue
      if (++this.readings > maxReadings) {
        const message = `more than ${maxReadings} readings: take a shorter period (--from, --to)`
        throw new FarwatchError('period-too-long', message)
      }
      const value = Number.isNaN(values[i]) ? null : values[i]!
      const one = { value, quality: qualities[i]!, count: 1 }
      const key = keyOf(position, point, timeMs)
      const same = this.expected.get(key)
      if (same) same.push(one)
      else this.expected.set(key, [one])
    }
  }
}

interface ReadingRow {
  readonly point: string
  readonly timeMs: number
  readonly position: number
  readonly value: number | null
  readonly quality: number
}

/** Rows of a period, an hour at a time. */
async function* slicesOf(
  database: Database,
  { fromMs, toMs, until }: { fromMs: number; toMs: number; until: number },
): AsyncGenerator<ReadingRow[]> {
  const [span] = await database.query<{ low: Date | null; high: Date | null }>(
    'select min(time) as low, max(time) as high from reading where time >= $1 and time < $2',
    [new Date(fromMs), new Date(toMs)],
  )
  if (!span?.low || !span.high) return
  for (let from = span.low.getTime(); from <= span.high.getTime(); from += sliceMs) {
    const to = Math.min(from + sliceMs, toMs)
    const rows = await database.query<{
      point: string
      ms: number
      batch: number
      value: number | null
      quality: number
    }>(
      `select coalesce(p.key, '?') as point, (extract(epoch from r.time) * 1000)::float8 as ms, r.batch, r.value, r.quality
       from reading r left join point p on p.id = r.point_id
       where r.time >= $1 and r.time < $2 and r.batch < $3`,
      [new Date(from), new Date(to), until],
    )
    yield rows.map(({ point, ms, batch, value, quality }) => ({
      ...{ point, value, timeMs: Math.round(ms), position: batch, quality: fromSmallint(quality) },
    }))
  }
}

function keyOf(position: number, point: string, timeMs: number): string {
  return `${position} ${point} ${timeMs}`
}
