import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { FarwatchError } from '@farwatch/model'

const program = fileURLToPath(new URL('../../cli/bin/farwatch.mjs', import.meta.url))

/** What the command may hear of its caller's environment; a setting of the user's must not decide a test. */
const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'SYSTEMROOT', 'USERPROFILE', 'TEMP']

const ready = /Farwatch is ready: (\S+)\n.* connect to mqtt:\/\/\S+:(\d+)\n/
/** A loaded machine takes its time to open the database. */
const readyWithinMs = 60_000
/** Printed text that is kept; a process that prints more has lost its beginning. */
const keptCharacters = 200_000

/** The command `farwatch` as a process of its own. */
export interface Command {
  readonly pid: number
  /** Standard output so far. */
  stdout(): string
  /** Standard error so far. */
  stderr(): string
  /** Sends a signal, unless the process has ended. */
  kill(signal: NodeJS.Signals): void
  /** How it ended, once it has; `code` is null after a signal that it did not handle. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** Starts `farwatch ARGS` with these environment variables and none of the caller's Farwatch settings. */
export function startCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  folder?: string,
): Command {
  return startProgram(process.execPath, [program, ...args], { environment, folder })
}

/** Starts any program in the same way; `folder`: where it is started, this process's own otherwise. */
export function startProgram(
  file: string,
  args: readonly string[],
  { environment = {}, folder }: { environment?: NodeJS.ProcessEnv; folder?: string | undefined } = {},
): Command {
  const own = Object.fromEntries(
    kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  )
  const child = spawn(file, args, {
    env: { ...own, ...environment },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  return {
    pid: child.pid ?? 0,
    stdout,
    stderr,
    kill: (signal) => void child.kill(signal),
    ended: endOf(child),
  }
}

/** A platform that has said that it is ready. */
export interface RunningPlatform extends Command {
  /** Where the console answers. */
  readonly url: string
  /** Where devices connect. */
  readonly mqttPort: number
  readonly readyMs: number
}

/**
 * Starts `farwatch up ARGS` and waits until it says that it is ready.
 * @throws FarwatchError `not-ready` with what the command printed, when it ends or takes more than a minute.
 */
export async function startUp(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningPlatform> {
  const startMs = performance.now()
  const command = startCommand(['up', ...args], environment)
  let ended = false
  void command.ended.then(() => {
    ended = true
  })
  while (performance.now() - startMs < readyWithinMs) {
    const [, url, mqttPort] = ready.exec(command.stdout()) ?? []
    if (url !== undefined)
      return { ...command, url, mqttPort: Number(mqttPort), readyMs: performance.now() - startMs }
    if (ended) break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  command.kill('SIGKILL')
  await command.ended
  throw new FarwatchError(
    'not-ready',
    `farwatch up ${args.join(' ')} did not become ready:\n${command.stdout()}\n${command.stderr()}`,
  )
}

/** Ends a command however it takes it; for clean-ups. */
export async function endCommand(command: Command | undefined): Promise<void> {
  if (command === undefined) return
  command.kill('SIGTERM')
  const hard = setTimeout(() => command.kill('SIGKILL'), 8_000)
  await command.ended
  clearTimeout(hard)
}

/** A port of loopback on which nobody listens at the moment. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-keptCharacters)
  })
  return () => text
}

function endOf(child: ChildProcess): Command['ended'] {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}
