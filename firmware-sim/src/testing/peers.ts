import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { connect, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'vitest'

/** Programs that others wrote; where one is missing the test fails under CI and is skipped visibly elsewhere. */
export type Peer = 'mbpoll' | 'mosquitto' | 'mosquitto_sub' | 'pymodbus'

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

function program(name: string): string | undefined {
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** A Python that has pymodbus; the system's own often has it when another one comes first on the path. */
export function pythonWithPymodbus(): string | undefined {
  return ['/usr/bin/python3', program('python3')].find(
    (python) => python !== undefined && spawnSync(python, ['-c', 'import pymodbus']).status === 0,
  )
}

export function testWith(peers: readonly Peer[], title: string, work: () => Promise<void>): void {
  const missing = peers.filter((peer) =>
    peer === 'pymodbus' ? pythonWithPymodbus() === undefined : program(peer) === undefined,
  )
  if (missing.length === 0) test(title, work)
  else if (process.env.CI === 'true')
    test(title, () => Promise.reject(new Error(`${missing.join(', ')} not installed`)))
  else test.skip(`${title} (not run: ${missing.join(', ')} not installed)`, work)
}

/** Runs a program to its end. @throws with its output when it fails, and after 15 s. */
export async function run(name: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program(name) ?? name, args, { timeout: 15_000 })
  return stdout
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface Running {
  readonly port: number
  stop(): Promise<void>
}

/** Eclipse Mosquitto on loopback, anonymous, nothing kept. */
export async function startMosquitto(port?: number): Promise<Running> {
  const chosen = port ?? (await freePort())
  const child = spawn(program('mosquitto')!, ['-p', String(chosen)])
  await until(() => answers(chosen))
  return { port: chosen, stop: () => ended(child) }
}

export interface Subscription {
  /** Topics and payloads so far. */
  readonly messages: readonly { readonly topic: string; readonly payload: Buffer }[]
  stop(): Promise<void>
}

/** `mosquitto_sub` on some topics, QoS 1. */
export function subscribe(port: number, ...topics: string[]): Subscription {
  const messages: { topic: string; payload: Buffer }[] = []
  const child = spawn(program('mosquitto_sub')!, [
    ...['-p', String(port), '-q', '1', '-F', '%t %x'],
    ...topics.flatMap((topic) => ['-t', topic]),
  ])
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const [topic, hex] = line.split(' ')
      messages.push({ topic: topic!, payload: Buffer.from(hex ?? '', 'hex') })
    }
  })
  return { messages, stop: () => ended(child) }
}

/** Waits for something to become true. @throws after 15 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 15_000; !(await condition()); ) {
    if (performance.now() > deadline) throw new Error(`still not so after 15 s: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}
