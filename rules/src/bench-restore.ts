import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Alert, type PointKey, packSeries, type Registry } from '@farwatch/model'
import { silentLog } from '@farwatch/runtime'
import { AlertBook } from './alerts/book.ts'
import { city } from './bench-city.ts'
import { loadCheckpoint, saveCheckpoint } from './engine/checkpoint.ts'
import { Engine } from './engine/engine.ts'
import type { Rule } from './language/rule.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { MemoryJournal } from './testing/memory-journal.ts'

/** The second line of `npm run bench -- rules`. */
export interface RestoreFigure {
  readonly bench: 'rules'
  readonly metric: 'restore_s'
  readonly value: number
  readonly unit: 's'
  readonly points: number
  readonly conditions: number
  /** Of the file on disk. */
  readonly megabytes: number
  /** What of it was reading and checking the file; the rest is making its conditions stand. */
  readonly read_s: number
  /** How long writing the checkpoint held everything else up. */
  readonly save_blocks_s: number
}

/** Rounds of one reading of each point, enough to fill what a point keeps of its past. */
const rounds = 36
const startMs = 1_795_420_000_000

/**
 * An engine of that many points, each watched by three rules and with a full past, is checkpointed and restored.
 * @throws Error when the restored engine would write another checkpoint.
 */
export async function benchRestore(points = 100_000): Promise<RestoreFigure> {
  const { rules, registry, keys } = city(points)
  const home = await mkdtemp(join(tmpdir(), 'farwatch-restore-'))
  try {
    const first = await filled(rules, registry, keys)
    let began = performance.now()
    const saving = saveCheckpoint(home, first)
    const blockedS = (performance.now() - began) / 1000
    await saving
    const { size } = await stat(join(home, 'rules', 'checkpoint'))

    began = performance.now()
    const checkpoint = await loadCheckpoint(home)
    const readS = (performance.now() - began) / 1000
    if (checkpoint === undefined || 'problem' in checkpoint) throw new Error('no checkpoint')
    const { engine, book } = make(rules, registry)
    book.restore(checkpoint.alerts)
    engine.open({ checkpoint, position: checkpoint.position, entries: [] })
    const seconds = (performance.now() - began) / 1000

    const again = engine.snapshot(checkpoint.alerts, checkpoint.alertPosition)
    await saveCheckpoint(join(home, 'again'), again)
    const files = [home, join(home, 'again')].map((folder) => readFile(join(folder, 'rules', 'checkpoint')))
    const [one, other] = await Promise.all(files)
    if (!one!.equals(other!)) throw new Error('the restored engine is another')
    return {
      ...{ bench: 'rules', metric: 'restore_s', value: round(seconds), unit: 's', points },
      conditions: engine.instances,
      megabytes: Math.round(size / 1e6),
      read_s: round(readS),
      save_blocks_s: round(blockedS),
    }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function filled(rules: readonly Rule[], registry: Registry, keys: readonly PointKey[]) {
  const { engine, book } = make(rules, registry)
  engine.open({ checkpoint: undefined, position: 1, entries: [] })
  for (let i = 0; i < rounds; i++) {
    const timeMs = startMs + i * 1_000
    const readings = keys.map((point, p) => {
      // Some are beyond a limit, some have readings that wait for their place.
      const lateMs = p % 50 === 0 && i % 5 === 4 ? 2_500 : 0
      const value = (p + i) % 2_000 === 0 ? 60 : 3 + (p % 17)
      return {
        point,
        timeSource: 'device' as const,
        timesMs: [timeMs - lateMs],
        values: [value],
        qualities: [0],
      }
    })
    engine.takeReadings(i + 1, timeMs, packSeries(readings))
    await book.flushed()
  }
  const alerts = (book.snapshot() ?? []).map((alert) => Alert.parse(alert))
  return engine.snapshot(alerts, book.nextPosition)
}

function make(rules: readonly Rule[], registry: Registry): { engine: Engine; book: AlertBook } {
  const clock = new ManualClock(startMs)
  const journal = new MemoryJournal()
  const book: AlertBook = new AlertBook({ journal, clock, log: silentLog, before: () => engine.position })
  const engine = new Engine({ rules, registry, book, log: silentLog })
  return { engine, book }
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100
}
