import type { LoadResult } from '@farwatch/firmware-sim'
import { testEngines } from '@farwatch/runtime/testing'
import { lineToParent, startChild } from '../child.ts'
import { inWords, say } from '../figure.ts'
import { startCentre } from '../ingest/centre.ts'
import { gateways } from '../ingest/city.ts'
import type { FromLoad, Load, Target } from '../ingest/load.ts'
import type { Sample } from './growth.ts'

/** The centre of the memory bench, in a process of its own, run with `--expose-gc`. */

export interface Order {
  readonly engine: 'embedded' | 'server'
  readonly minutes: number
}

export interface Held {
  /** With versions. */
  readonly engine: string
  /** Counted by SQL. */
  readonly rows: number
  readonly samples: readonly Sample[]
}

/** One reading of each of 100 points a message, so many messages of each gateway a round. */
const shape = { kind: 'signed', points: 100, each: 1, messages: 250, sealedOnTheWay: true } as const
const stepMs = 100

async function hold({ engine, minutes }: Order): Promise<Held> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('run with --expose-gc')
  const { database, drop } = await testEngines.find(({ name }) => name === engine)!.create()
  const load = startChild<Load | Target, FromLoad>(new URL('../ingest/load.ts', import.meta.url))
  try {
    const { postgres, timescaledb, edition } = database.capabilities
    const name = `${engine} TimescaleDB ${timescaledb} ${edition} (PostgreSQL ${postgres})`
    say(`memory on ${name}, ${minutes} minutes`)
    const { port, passwords, behind, stop } = await startCentre(
      database,
      (await load.receive()) as readonly string[],
    )
    const samples: Sample[] = []
    let rows = 0
    let fromMs = Date.now() - 86_400_000
    const began = performance.now()
    while (performance.now() - began < minutes * 60_000) {
      load.send({ ...shape, fromMs })
      fromMs += shape.messages * stepMs
      await load.receive()
      load.send({ port, passwords })
      const { acknowledged } = (await load.receive()) as LoadResult
      const sent = acknowledged * shape.points
      if (acknowledged !== shape.messages * gateways)
        throw new Error(`${acknowledged} messages were acknowledged`)
      for (let left = 1; left > 0; ) {
        const { writer, rules } = await behind()
        left = writer + rules
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      const [counted] = await database.query<{ rows: number }>('select count(*) as rows from reading')
      if (counted?.rows !== sent)
        throw new Error(`${counted?.rows} rows are in the database, ${sent} were sent`)
      // The disk is not what is measured here.
      await database.query('truncate reading')
      rows += sent
      gc()
      // What the first collection finalized, the second frees.
      await new Promise(setImmediate)
      gc()
      const { heapUsed, external, rss } = process.memoryUsage()
      samples.push({ atMs: performance.now() - began, heapBytes: heapUsed + external, residentBytes: rss })
    }
    say(`  counted by SQL, round by round: ${inWords(rows)} readings in ${samples.length} rounds`)
    await stop()
    return { engine: name, rows, samples }
  } finally {
    await load.stop()
    await drop()
  }
}

if (import.meta.main) {
  const line = lineToParent<Held, Order>()
  line.send(await hold(await line.receive()))
}
