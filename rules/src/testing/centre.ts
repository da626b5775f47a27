import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeRecord } from '@farwatch/model'
import { type Journal, silentLog } from '@farwatch/runtime'
import { AlertBook } from '../alerts/book.ts'
import { decodeEntries, type Entry, type TransitionEntry } from '../alerts/entry.ts'
import { Engine } from '../engine/engine.ts'
import { type Places, rebuild, writeCheckpoint } from '../engine/recovery.ts'
import type { Rule } from '../language/rule.ts'
import { encodedMessage, registry } from './city.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryJournal } from './memory-journal.ts'

/** Engine, book and journals without the loops around them: each step happens when a test says so. */
export class Centre {
  readonly rules: readonly Rule[]
  readonly home = mkdtempSync(join(tmpdir(), 'farwatch-centre-'))
  clock = new ManualClock(1_795_420_000_000)
  journal = new MemoryJournal()
  alertJournal = new MemoryJournal()
  engine!: Engine
  book!: AlertBook
  #place!: Places

  constructor(rules: readonly Rule[]) {
    this.rules = rules
  }

  /** A new life, from what is durable. */
  async start(rules: readonly Rule[] = this.rules): Promise<void> {
    const { clock, journal, alertJournal, home } = this
    const log = silentLog
    const book: AlertBook = new AlertBook({
      journal: alertJournal,
      clock,
      log,
      before: () => engine.position,
    })
    const engine = new Engine({ rules, registry, book, log })
    this.engine = engine
    this.book = book
    this.#place = await rebuild({ engine, book, journal, alertJournal, home, log })
    const before = Math.max(journal.next, engine.position)
    book.note('resume', clock.now(), { before })
    engine.resumeAt(before, clock.now())
    await book.flushed()
    book.show()
  }

  /** The process dies now: what was not durable is lost. */
  async crash(): Promise<void> {
    this.journal = this.journal.reborn()
    this.alertJournal = this.alertJournal.reborn()
    const clock = new ManualClock(this.clock.now())
    this.clock = clock
    await this.start()
  }

  /** Intake took a message; it became durable `durableMs` after its receipt. */
  async receive(of: { point: string; value: number; timeMs?: number; durableMs?: number }): Promise<void> {
    const receivedMs = this.clock.now() - (of.durableMs ?? 0)
    await this.journal.append(encodedMessage({ ...of, receivedMs }))
  }

  /** Processes at most so many of the records that wait. */
  async process(count = Number.MAX_SAFE_INTEGER): Promise<void> {
    for (const { position, payload } of await this.journal.read(this.engine.position, { records: count })) {
      this.engine.take(position, decodeRecord(payload))
    }
  }

  /** Time goes on; the clock's tick does what it may. */
  tick(ms: number): void {
    this.clock.advanceTo(this.clock.now() + ms)
    if (this.engine.position < this.journal.next) return
    this.engine.catchUp(this.engine.position)
    this.engine.tick(this.clock.now())
  }

  checkpoint(): Promise<string> {
    const { engine, book, home } = this
    return writeCheckpoint({ engine, book, place: this.#place, home, log: silentLog })
  }

  /** All that is in the alert journal. */
  entries(): Promise<Entry[]> {
    return entriesOf(this.alertJournal)
  }

  async transitions(): Promise<TransitionEntry[]> {
    return (await this.entries()).filter((entry) => entry.kind === 'transition')
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** All that an alert journal holds. */
export async function entriesOf(journal: Journal): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let from = journal.first; from < journal.next; ) {
    for (const { position, payload } of await journal.read(from)) {
      entries.push(...decodeEntries(payload!))
      from = position + 1
    }
  }
  return entries
}

/**
 * The recorded input once more, from nothing: records, and at their places the ticks, starts and acknowledgements of the
 * alert journal. Returns what the alert journal would hold.
 */
export async function replay(centre: {
  rules: readonly Rule[]
  journal: Journal
  entries: () => Promise<Entry[]>
}): Promise<TransitionEntry[]> {
  const again = new Centre(centre.rules)
  const { alertJournal, clock } = again
  const log = silentLog
  const book: AlertBook = new AlertBook({ journal: alertJournal, clock, log, before: () => engine.position })
  const engine = new Engine({ rules: centre.rules, registry, book, log })
  engine.open({ checkpoint: undefined, position: 1, entries: [] })
  const entries = await centre.entries()
  const acts = entries.filter((entry) => entry.kind === 'transition').filter(({ cause }) => cause === null)
  const act = async () => {
    for (const { alert, transition } of acts) {
      const known = book.snapshot()?.find(({ id }) => id === alert.id)
      if (known?.transitions.at(-1)?.n !== transition.n - 1) continue
      clock.advanceTo(transition.atMs)
      await book.acknowledge(alert.id, { by: transition.by! })
    }
  }
  const feedTo = async (end: number) => {
    if (engine.position >= end) return
    const limits = { records: end - engine.position }
    while (engine.position < end) {
      for (const { position, payload } of await centre.journal.read(engine.position, limits)) {
        engine.take(position, decodeRecord(payload!))
        await book.flushed()
        await act()
      }
    }
  }
  const told = entries.filter((entry) => entry.kind !== 'transition').sort((a, b) => a.before - b.before)
  for (const { kind, before, atMs } of told) {
    await feedTo(before)
    if (kind === 'tick') engine.tick(atMs)
    else {
      engine.resumeAt(before, atMs)
      engine.catchUp(before)
    }
    await book.flushed()
    await act()
  }
  await feedTo(centre.journal.next)
  again.remove()
  return again.transitions()
}

/** What replay must give again: everything but when it was recorded, alert by alert. */
export function summary(transitions: readonly TransitionEntry[]): string[] {
  return transitions
    .map(({ alert, transition: { n, kind, state, atMs, value, by } }) => {
      const { rule, subject, setMs, worst, why } = alert
      return [rule, subject, setMs, n, kind, state, atMs, value, by, worst, why.en].join(' ')
    })
    .sort()
}
