import { startChild } from '../child.ts'
import { type Figure, say } from '../figure.ts'
import type { Order } from './measure.ts'

export interface IngestOptions {
  /** Rows of the load of signed batches of 100. */
  readonly rows: number
  readonly engines: readonly Order['engine'][]
  /** Metrics of the shapes to measure; all without. */
  readonly shapes?: readonly string[] | undefined
}

/**
 * The real path: MQTT QoS 1, intake (signature, chain, rights), journal, 1,000 rules and writer at once, committed; beside
 * bare binary COPY into the same database in the same run. One engine after another, each with a process of its own.
 */
export async function* benchIngest({ rows, engines, shapes }: IngestOptions): AsyncGenerator<Figure> {
  const { FARWATCH_TEST_DATABASE_URL, DATABASE_URL, ...environment } = process.env
  const server = FARWATCH_TEST_DATABASE_URL || DATABASE_URL
  for (const engine of engines) {
    if (engine === 'server' && server === undefined) {
      say(
        'not measured: a server; neither FARWATCH_TEST_DATABASE_URL nor DATABASE_URL is set (.ci/timescaledb.sh sets one up)',
      )
      continue
    }
    const child = startChild<Order, readonly Figure[]>(new URL('./measure.ts', import.meta.url), {
      ...environment,
      ...(server !== undefined && { FARWATCH_TEST_DATABASE_URL: server }),
    })
    try {
      child.send({ engine, rows, shapes })
      yield* await child.receive()
    } finally {
      await child.stop()
    }
  }
  if (server === undefined || !engines.includes('server'))
    say('not measured: Node-RED; it is measured beside a server')
}
