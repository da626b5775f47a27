import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { openBatch } from '@farwatch/evidence'
import { openJournal, silentLog } from '@farwatch/runtime'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { expect, onTestFinished, test } from 'vitest'
import { repeatsSince } from './repeats.ts'
import { journalWith, sealedChain, temporaryFolder } from './uplink/testing.ts'

test('J2 the window of repeats is made again from the newest batches of the journal', async () => {
  const { journal } = await journalWith(sealedChain('00000000000000aa', 300))
  const repeats = await repeatsSince(journal)
  const sample = (value: number) =>
    ({ point: 'S/d/m', timeMs: value, timeSource: 'device', value, quality: 0 }) as const
  expect([300, 45, 44, 301].map((value) => repeats.admit(sample(value)))).toEqual([false, false, true, true])
})

test('J2 what a device sends again after kill -9 of the gateway is stored once', async (context) => {
  const { path: mosquittoPub } = skipWithoutPeer(context, 'mosquitto_pub')
  const home = await temporaryFolder('restart')
  const port = await freePort()
  await writeFile(
    join(home, 'gateway.yaml'),
    `
gateway: GW-1
site: S
centre: { url: "mqtt://127.0.0.1:1" }
links:
  - name: sensors
    protocol: mqtt
    connection: { listen: "127.0.0.1:${port}" }
    points:
      - { point: room/nh3, address: { topic: "room", path: "nh3" } }
`,
  )
  const publish = (ts: number, nh3: number) => {
    const args = [
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-q',
      '1',
      '-t',
      'room',
      '-m',
      JSON.stringify({ ts, nh3 }),
    ]
    const { status, stderr } = spawnSync(mosquittoPub, args, { timeout: 10_000, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  }
  const first = await startProcess(home, port)
  publish(1_700_000_000_000, 1)
  publish(1_700_000_001_000, 2)
  await killed(first)
  const second = await startProcess(home, port)
  publish(1_700_000_001_000, 2)
  publish(1_700_000_002_000, 3)
  await killed(second)
  const journal = await openJournal({ folder: join(home, 'journal'), log: silentLog })
  const values = (await journal.read(1)).flatMap(({ payload }) => [...openBatch(payload!).readings.values])
  await journal.close()
  expect(values).toEqual([1, 2, 3])
}, 60_000)

async function startProcess(home: string, port: number): Promise<ChildProcess> {
  const file = join(home, 'gateway.yaml')
  const script = join(import.meta.dirname, 'testbed', 'gateway-process.ts')
  const child = spawn(process.execPath, [script, file, home], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}`)))
  })
  // The listener opens with the link, a moment after the start.
  await expect.poll(() => answers(port), { timeout: 15_000 }).toBe(true)
  return child
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
