import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compareWithOriginals, type RowFinding } from '@farwatch/ingest'
import { latestTimeMs } from '@farwatch/model'
import { openDatabase, readKeptFolders } from '@farwatch/runtime'
import { type Environment, orUsage, timeOf } from './options.ts'
import { archiveOf } from './storage.ts'
import { linesOfActs, verifyActsOf } from './verify-acts.ts'

/**
 * `farwatch verify --home DIR`: verifies the log of acts, compares the database with the originals in the data folder, and sets
 * exit code 1 where anything was changed, taken out or put in. The embedded database can be opened only while the platform does not run.
 */
export async function verifyDatabase(args: readonly string[], environment: Environment): Promise<void> {
  const { values } = orUsage(() =>
    parseArgs({
      args: [...args],
      options: {
        home: { type: 'string', default: environment.FARWATCH_HOME ?? 'data' },
        database: { type: 'string' },
        anchors: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    }),
  )
  const home = resolve(values.home)
  const fromMs = values.from === undefined ? 0 : timeOf('--from', values.from)
  const toMs = values.to === undefined ? latestTimeMs : timeOf('--to', values.to)
  const url = values.database ?? environment.DATABASE_URL
  // First, because it needs nothing but the folder.
  const acts = await verifyActsOf(home, values.anchors)
  const database = await openDatabase(url ? { url } : { folder: join(home, 'database') })
  try {
    const originals = readKeptFolders({ journal: join(home, 'journal'), archive: archiveOf(home) })
    const found = await compareWithOriginals(database, originals, { fromMs, toMs })
    const { findings, readings, damaged, from } = found
    const lines = values.json
      ? [JSON.stringify({ sound: findings.length === 0 && acts.sound, ...found, acts }, undefined, 2)]
      : [
          ...linesOfActs(acts),
          `Compared ${readings} readings of the originals with the database.`,
          ...(from === undefined || from === 1
            ? []
            : [`Originals before position ${from} are gone: rows from them were not compared.`]),
          ...(damaged === 0
            ? []
            : [`${damaged} originals cannot be read any more: their rows were not compared.`]),
          ...findings.map(sentence),
          findings.length === 0
            ? 'The database agrees with the originals.'
            : `${findings.length} rows do not agree.`,
        ]
    process.stdout.write(`${lines.join('\n')}\n`)
    if (findings.length > 0 || !acts.sound) process.exitCode = 1
  } finally {
    await database.close()
  }
}

function sentence({ kind, point, timeMs, position, batch, found, expected }: RowFinding): string {
  const where = batch === undefined ? `record ${position}` : `batch ${batch}`
  const reading = `reading of ${point} at ${new Date(timeMs).toISOString()} in ${where}`
  const text = (value: number | null | undefined) => (value === null ? 'no value' : String(value))
  if (kind === 'missing')
    return `${reading} is missing from the database: the original says ${text(expected)}`
  if (kind === 'added') return `${reading} was added to the database (${text(found)}): no original says so`
  return text(found) === text(expected)
    ? `${reading}: its quality in the database is not the original's`
    : `${reading}: the database says ${text(found)}, the original ${text(expected)}`
}
