import type { LoadResult } from '@farwatch/firmware-sim'
import { measureCopyLimit } from '@farwatch/ingest'
import { messageOf } from '@farwatch/model'
import type { Database } from '@farwatch/runtime'
import { testEngines } from '@farwatch/runtime/testing'
import { lineToParent, startChild } from '../child.ts'
import { type Figure, figure, inWords, say } from '../figure.ts'
import { type Centre, startCentre } from './centre.ts'
import { gateways } from './city.ts'
import { type FromLoad, inFlight, type Load, type Sent, stepMs, type Target } from './load.ts'
import { measureNodeRed } from './node-red.ts'
import { Usage } from './usage.ts'

/** The centre of the ingest bench on one engine, in a process of its own; its load comes from another. */

export interface Order {
  readonly engine: 'embedded' | 'server'
  /** Rows of the first load; the others have fewer. */
  readonly rows: number
  /** Metrics of the shapes to measure; all without. */
  readonly shapes?: readonly string[] | undefined
}

interface Shape {
  readonly metric: 'rows_per_s' | 'rows_per_s_10x10' | 'rows_per_s_20' | 'rows_per_s_plain5'
  readonly kind: Load['kind']
  readonly points: number
  /** Readings of each point in a message. */
  readonly each: number
  /** Messages of one gateway. */
  readonly messages: number
}

/** The dearest shape first: one reading a point, so that each reading is a leaf of its own. */
function shapesOf({ rows, shapes }: Order): Shape[] {
  const messages = (share: number, readings: number) => Math.ceil((rows * share) / gateways / readings)
  const all: Shape[] = [
    { metric: 'rows_per_s', kind: 'signed', points: 100, each: 1, messages: messages(1, 100) },
    { metric: 'rows_per_s_10x10', kind: 'signed', points: 10, each: 10, messages: messages(1, 100) },
    { metric: 'rows_per_s_20', kind: 'signed', points: 20, each: 1, messages: messages(0.5, 20) },
    { metric: 'rows_per_s_plain5', kind: 'plain', points: 5, each: 1, messages: messages(0.4, 5) },
  ]
  return all.filter(({ metric }) => shapes === undefined || shapes.includes(metric))
}

const durationOf = ({ messages, each }: Shape) => messages * each * stepMs

/** Rows and seconds of all stretches of bare COPY in this run. */
interface Copied {
  rows: number
  seconds: number
  cpuSeconds: number
}

type LoadProcess = ReturnType<typeof startChild<Load | Target, FromLoad>>

interface Measured {
  readonly shape: Shape
  readonly rows: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
}

async function measure(order: Order): Promise<Figure[]> {
  const { engine, rows } = order
  const { database, drop } = await testEngines.find(({ name }) => name === engine)!.create()
  const load = startChild<Load | Target, FromLoad>(new URL('./load.ts', import.meta.url))
  try {
    const { postgres, timescaledb, edition } = database.capabilities
    const name = `${engine} TimescaleDB ${timescaledb} ${edition} (PostgreSQL ${postgres})`
    say(`ingest on ${name}`)
    const centre = await startCentre(database, (await load.receive()) as readonly string[])
    say(`  ${gateways} gateways, ${centre.rules} rules, one on each point; ${rows} rows of the first shape`)
    const copied: Copied = { rows: 0, seconds: 0, cpuSeconds: 0 }
    const shapes = shapesOf(order)
    let leftMs = shapes.reduce((sum, shape) => sum + durationOf(shape), 0)
    const nowMs = Math.floor(Date.now() / 1_000) * 1_000
    const idleBytes = process.memoryUsage.rss()
    const measured: Measured[] = []
    for (const shape of shapes) {
      await addCopy(copied, database, rows)
      load.send({ ...shape, fromMs: nowMs - leftMs })
      leftMs -= durationOf(shape)
      await load.receive()
      measured.push(await run(shape, centre, load))
    }
    await addCopy(copied, database, rows)
    await count(measured, database)
    await centre.stop()
    const figures = figuresOf({ measured, copied, idleBytes, engine: name })
    return engine === 'server' ? [...figures, ...(await besideNodeRed(measured, load, name))] : figures
  } finally {
    await load.stop()
    await drop()
  }
}

async function addCopy(copied: Copied, database: Database, rows: number): Promise<void> {
  const usage = new Usage()
  const limit = await measureCopyLimit(database, { rows: Math.max(10_000, rows / 2) })
  copied.cpuSeconds += usage.stop().cpuSeconds
  copied.rows += limit.rows
  copied.seconds += limit.rows / limit.rowsPerSecond
}

/** The shapes that Node-RED is compared with, and what it reached with the plain load in the same run. */
async function besideNodeRed(
  measured: readonly Measured[],
  load: LoadProcess,
  engine: string,
): Promise<Figure[]> {
  const compared = measured.filter(({ shape }) => ['rows_per_s', 'rows_per_s_plain5'].includes(shape.metric))
  const messages = Math.min(...compared.map(({ rows }) => Math.ceil(rows / gateways / 5)))
  if (compared.length === 0) return []
  const nodeRed = await measureNodeRed(messages * gateways, async (port) => {
    const fromMs = Math.floor(Date.now() / 1_000) * 1_000 - messages * stepMs
    load.send({ kind: 'plain', points: 5, each: 1, messages, fromMs })
    await load.receive()
    load.send({ port, passwords: [] })
    return (await load.receive()) as LoadResult
  }).catch((error) => void say(`not measured: Node-RED; ${messageOf(error)}`))
  if (nodeRed === undefined) return []
  const against = { name: nodeRed.name, value: nodeRed.rowsPerSecond }
  return compared.map(({ shape, rows, seconds }) =>
    figure({
      ...{ bench: 'ingest', engine, metric: shape.metric, unit: '1/s' },
      ...{ value: rows / seconds, against, samples: rows },
    }),
  )
}

/** One load, from its first publish until the last row is committed and the last reading has met its rule. */
async function run(shape: Shape, centre: Centre, load: LoadProcess): Promise<Measured> {
  const usage = new Usage()
  load.send({ port: centre.port, passwords: centre.passwords })
  const { acknowledged, elapsedMs, beganMs, ...sender } = (await load.receive()) as Sent
  for (;;) {
    const { writer, rules } = await centre.behind()
    if (writer === 0 && rules === 0) break
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const seconds = (Date.now() - beganMs) / 1_000
  const { cpuSeconds, peakBytes } = usage.stop()
  const rows = shape.messages * shape.points * shape.each * gateways
  if (acknowledged !== shape.messages * gateways) {
    throw new Error(`${acknowledged} messages were acknowledged, ${shape.messages * gateways} were sent`)
  }
  say(
    `  ${shape.metric}: ${inWords(rows)} rows in ${inWords(acknowledged)} messages, ${inFlight[shape.kind]} in flight ` +
      `a connection; all acknowledged after ${inWords(elapsedMs / 1_000)} s, committed and evaluated after ${inWords(seconds)} s; ` +
      `CPU: the centre ${inWords(cpuSeconds)} s, the load ${inWords(sender.cpuSeconds)} s`,
  )
  return { shape, rows, seconds, cpuSeconds, peakBytes }
}

/** What was acknowledged must be in the database, and the rules must have raised what crossed. @throws Error if not. */
async function count(measured: readonly Measured[], database: Database): Promise<void> {
  const sent = measured.reduce((sum, { rows }) => sum + rows, 0)
  const batches = measured.filter(({ shape }) => shape.kind === 'signed')
  const expected = {
    readings: sent,
    batches: batches.reduce((sum, { shape }) => sum + shape.messages * gateways, 0),
    quarantined: 0,
    raised: batches.length * gateways,
  }
  const counted = () =>
    database.query<typeof expected>(
      `select (select count(*) from reading) as readings, (select count(*) from batch) as batches,
       (select count(*) from quarantine) as quarantined,
       (select count(*) from alert_transition where kind in ('raised', 'raised-again')) as raised`,
    )
  let [found] = await counted()
  // Alerts are written beside the readings, a moment later.
  for (let tries = 0; tries < 100 && found?.raised !== expected.raised; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    ;[found] = await counted()
  }
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`found ${JSON.stringify(found)} in the database, expected ${JSON.stringify(expected)}`)
  }
  say(
    `  counted by SQL: ${inWords(sent)} readings, ${inWords(expected.batches)} batches in the ledger, ${expected.raised} alerts raised`,
  )
}

function figuresOf({
  measured,
  copied,
  idleBytes,
  engine,
}: {
  measured: readonly Measured[]
  copied: Copied
  idleBytes: number
  engine: string
}): Figure[] {
  const [largest] = measured
  if (largest === undefined) return []
  const copy = (value: number) => ({ name: `binary COPY, same run, ${engine}`, value })
  const base = { bench: 'ingest', engine }
  const perMillion = ({ cpuSeconds, rows }: { cpuSeconds: number; rows: number }) => (cpuSeconds / rows) * 1e6
  const peakBytes = Math.max(...measured.map((one) => one.peakBytes))
  say(
    `  COPY: ${inWords(copied.rows)} rows in stretches before, between and after the loads; CPU and memory are those of the ` +
      `centre's process${engine.startsWith('server') ? " without the database server's" : ', the database within it'}`,
  )
  return [
    ...measured.map(({ shape, rows, seconds }) =>
      figure({
        ...base,
        metric: shape.metric,
        value: rows / seconds,
        unit: '1/s',
        against: copy(copied.rows / copied.seconds),
        samples: rows,
      }),
    ),
    figure({
      ...base,
      metric: 'cpu_s_per_million_rows',
      value: perMillion(largest),
      unit: 's',
      against: copy(perMillion(copied)),
      samples: largest.rows,
    }),
    figure({
      ...base,
      metric: 'peak_rss_mb',
      value: peakBytes / 1e6,
      unit: 'MB',
      against: { name: `the same centre before its first row, ${engine}`, value: idleBytes / 1e6 },
      samples: measured.reduce((sum, { rows }) => sum + rows, 0),
    }),
  ]
}

if (import.meta.main) {
  const line = lineToParent<readonly Figure[], Order>()
  line.send(await measure(await line.receive()))
}
