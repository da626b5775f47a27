import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publishLoad } from '@farwatch/firmware-sim'
import { messageOf } from '@farwatch/model'
import type { Database } from '@farwatch/runtime'
import { findPeer, testEngines } from '@farwatch/runtime/testing'
import { inWords, say } from '../figure.ts'
import { flow, settings } from './node-red-flow.ts'

/** What Node-RED reached with the plain load of this bench. */
export interface NodeRed {
  /** With versions, for the line of a figure. */
  readonly name: string
  readonly rowsPerSecond: number
}

/** Sends the plain load to a broker on this port; resolves when all is acknowledged. */
export type SendPlain = (port: number) => Promise<{ readonly beganMs: number; readonly acknowledged: number }>

const startMs = 60_000
/** Without a further row for so long, no more will come. */
const stillMs = 5_000

/**
 * The job of the plain load in Node-RED: mosquitto, a flow that takes the JSON apart and compares each value with a limit,
 * an insert a message into a hypertable of the TimescaleDB server. Node-RED is looked for in the folder that
 * FARWATCH_NODE_RED_DIR names; it is no dependency of ours. Undefined, with the reason said, where it cannot be measured.
 */
export async function measureNodeRed(messages: number, send: SendPlain): Promise<NodeRed | undefined> {
  const missing = (reason: string) => say(`not measured: Node-RED; ${reason}`)
  const folder = process.env.FARWATCH_NODE_RED_DIR
  if (folder === undefined) return void missing('FARWATCH_NODE_RED_DIR is not set (see docs/performance.md)')
  const mosquitto = findPeer('mosquitto')
  if (mosquitto === undefined) return void missing('mosquitto is not installed')
  const version = await versionIn(folder).catch((error) => void missing(messageOf(error)))
  if (version === undefined) return undefined
  const { database, location, drop } = await testEngines.find(({ name }) => name === 'server')!.create()
  const home = await mkdtemp(join(tmpdir(), 'farwatch-node-red-'))
  const children: ChildProcess[] = []
  try {
    await createTable(database)
    const ports = { mqtt: await freePort(), http: await freePort() }
    const lines = [`listener ${ports.mqtt} 127.0.0.1`, 'allow_anonymous true', 'max_queued_messages 0']
    await writeFile(join(home, 'mosquitto.conf'), `${lines.join('\n')}\n`)
    await writeFile(join(home, 'flows.json'), JSON.stringify(flow(ports.mqtt)))
    await writeFile(
      join(home, 'settings.js'),
      settings({
        port: ports.http,
        pg: join(folder, 'node_modules/pg'),
        url: (location as { url: string }).url,
      }),
    )
    children.push(spawn(mosquitto.path, ['-c', join(home, 'mosquitto.conf')], { stdio: 'ignore' }))
    const red = join(folder, 'node_modules/node-red/red.js')
    children.push(spawn(process.execPath, [red, '-u', home], { cwd: home, stdio: 'ignore' }))
    await untilItWorks(database, ports.mqtt)
    const name = `Node-RED ${version}, mosquitto ${mosquitto.version}, one insert a message, same run`
    return { name, rowsPerSecond: await measure(database, messages, () => send(ports.mqtt)) }
  } finally {
    for (const child of children) await end(child)
    await drop()
    await rm(home, { recursive: true, force: true })
  }
}

async function measure(
  database: Database,
  messages: number,
  send: () => ReturnType<SendPlain>,
): Promise<number> {
  await database.query('truncate reading')
  const { beganMs, acknowledged } = await send()
  const expected = messages * 5
  let rows = 0
  let grewMs = Date.now()
  while (rows < expected && Date.now() - grewMs < stillMs) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const before = rows
    rows = await countOf(database)
    if (rows > before) grewMs = Date.now()
  }
  const seconds = (grewMs - beganMs) / 1_000
  say(
    `  Node-RED: ${inWords(rows)} of ${inWords(expected)} rows counted by SQL after ${inWords(seconds)} s, ` +
      `${inWords(acknowledged)} messages acknowledged by mosquitto`,
  )
  return rows / seconds
}

/** Publishes one message after another until a row of it is there. @throws Error when none comes within a minute. */
async function untilItWorks(database: Database, port: number): Promise<void> {
  const probe = {
    topic: 'telemetry/LOAD0/station1',
    payload: Buffer.from('{"ts":1795420000000,"values":{"a":1}}'),
  }
  for (const deadline = Date.now() + startMs; Date.now() < deadline; ) {
    let left = 1
    const next = () => (left-- > 0 ? probe : undefined)
    await publishLoad({ host: '127.0.0.1', port, connections: 1, inFlight: 1, next }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 250))
    if ((await countOf(database)) > 0) return
  }
  throw new Error(`Node-RED wrote no row within ${startMs / 1_000} s`)
}

async function countOf(database: Database): Promise<number> {
  const [row] = await database.query<{ rows: number }>('select count(*) as rows from reading')
  return row!.rows
}

/** As `copy_limit` of this bench: hypertable and the same index. */
function createTable(database: Database): Promise<void> {
  return database.transaction((transaction) =>
    transaction.script(`create table reading (time timestamptz not null, point_id int not null, value float8, quality smallint);
      select create_hypertable('reading', by_range('time', interval '1 day'), create_default_indexes => false);
      create index on reading (point_id, time desc)`),
  )
}

async function versionIn(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'node_modules/node-red/package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
