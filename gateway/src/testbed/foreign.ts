import { type ChildProcess, spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'

/** Debian keeps daemons where the path of a user does not lead. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }

/** Starts a program that ends with the test, and waits until it has printed something that `ready` matches. */
export async function startForeign(
  command: string,
  args: readonly string[],
  ready: RegExp,
): Promise<{ readonly process: ChildProcess; readonly match: RegExpExecArray }> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => ended(child))
  let printed = ''
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-10_000)
      const found = ready.exec(printed)
      if (found) resolve(found)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${printed}`)))
  })
  return { process: child, match }
}

/** Runs a program to its end. */
export async function runForeign(command: string, args: readonly string[], input = ''): Promise<number> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'ignore', 'ignore'] })
  onTestFinished(() => ended(child))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? -1))
  })
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}
