import type { Cursor, Journal, Logger } from '@farwatch/runtime'
import type { AlertBook } from '../alerts/book.ts'
import { decodeEntries, type Entry } from '../alerts/entry.ts'
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts'
import type { Engine } from './engine.ts'
import type { Sweep } from './sweep.ts'

/** The engine's places in both journals: what lies before them is in a checkpoint on disk. */
export interface Places {
  readonly centre: Cursor
  readonly alerts: Cursor
}

/** Name of the engine's cursor in both journals. */
const cursor = 'rules'

/**
 * Brings engine and book back to where they were: the last checkpoint, and on it what the alert journal says happened since.
 * The records since then are the caller's to feed; what came of them already is known and is not said twice.
 */
export async function rebuild(from: {
  engine: Engine
  book: AlertBook
  journal: Journal
  alertJournal: Journal
  home: string
  log: Logger
}): Promise<Places> {
  const { engine, book, journal, alertJournal, home, log } = from
  const places = { centre: await journal.cursor(cursor), alerts: await alertJournal.cursor(cursor) }
  const loaded = await loadCheckpoint(home)
  const damaged = loaded !== undefined && 'problem' in loaded
  if (damaged) {
    log.error(
      { problem: loaded.problem, position: places.centre.position },
      'the checkpoint of the rules cannot be read: conditions start fresh, alerts are rebuilt from what the alert journal still holds',
    )
  }
  const checkpoint = damaged ? undefined : loaded
  // Positions beyond the end belong to journals that are no longer there.
  const foreign = checkpoint !== undefined && checkpoint.position > journal.next
  if (foreign)
    log.error(
      { position: checkpoint.position, next: journal.next },
      'the journal is not the one of the checkpoint: it is read from its beginning',
    )
  const position = foreign ? journal.first : (checkpoint?.position ?? places.centre.position)
  let next = checkpoint?.alertPosition ?? alertJournal.first
  if (next > alertJournal.next) next = alertJournal.first
  const alertPosition = next
  book.restore(checkpoint?.alerts ?? [])
  const entries: Entry[] = []
  while (next < alertJournal.next) {
    for (const record of await alertJournal.read(next)) {
      next = record.position + 1
      if (record.payload === undefined) {
        log.error(
          { position: record.position },
          'alerts are rebuilt without a damaged record of their journal',
        )
        continue
      }
      for (const entry of decodeEntries(record.payload)) {
        if (entry.kind === 'transition') book.apply(entry)
        if (entry.kind === 'transition' || (entry.before >= position && !foreign)) entries.push(entry)
      }
    }
  }
  book.begin(next)
  engine.open({ checkpoint, position, entries })
  // Fresh conditions get a checkpoint where they begin: should this life end before the next one, they begin there again.
  if (engine.fresh > 0 || checkpoint === undefined) {
    await save(engine, home, engine.snapshot(checkpoint?.alerts ?? [], alertPosition))
  }
  return places
}

/**
 * Writes a checkpoint if anything has changed since the last one, and lets both journals go up to it. It holds nothing that
 * is not also on disk in the alert journal. The engine may go on meanwhile: the checkpoint is of the moment of the call. `skipped`:
 * alerts or another checkpoint are still being written, or what the journal held at the start has not been processed yet.
 */
export async function writeCheckpoint(of: {
  engine: Engine
  book: AlertBook
  place: Places
  home: string
  log: Logger
}): Promise<'saved' | 'unchanged' | 'skipped' | 'failed'> {
  const { engine, book, place, home, log } = of
  const alerts = book.snapshot()
  if (alerts === undefined || engine.isRecovering || engine.isKeeping) return 'skipped'
  const { position } = engine
  const alertPosition = book.nextPosition
  if (position === place.centre.position && alertPosition === place.alerts.position) return 'unchanged'
  try {
    await save(engine, home, engine.snapshot(alerts, alertPosition))
  } catch (error) {
    log.warn(
      { err: error },
      'the checkpoint of the rules could not be written; a restart will read more of the journal',
    )
    return 'failed'
  }
  place.centre.advance(Math.max(position, place.centre.position))
  place.alerts.advance(Math.max(alertPosition, place.alerts.position))
  return 'saved'
}

async function save(engine: Engine, home: string, sweep: Sweep): Promise<void> {
  try {
    await saveCheckpoint(home, sweep)
  } finally {
    engine.endSnapshot()
  }
}
