import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { onTestFinished, test } from 'vitest'

/** A program that others wrote, for a test to talk to. */
export interface ForeignPeer {
  readonly name: string
  /** A command that succeeds where the peer is installed. */
  readonly probe: readonly [string, ...string[]]
  /** Not to be had on every machine that CI runs on: skipped there too, and visibly. */
  readonly optional?: boolean
}

/**
 * A test against a foreign peer. Where the peer is missing the test fails under `CI=true` (unless it is optional) and is
 * skipped, with the reason in its title, elsewhere.
 */
export function testWithPeer(peer: ForeignPeer, title: string, body: () => Promise<void>): void {
  const [command, ...args] = peer.probe
  const found = spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 })
  if (found.error === undefined && found.status === 0) test(title, body, 30_000)
  else if (process.env.CI === 'true' && !peer.optional)
    test(title, () => {
      throw new Error(`${peer.name} is missing: install it, CI must not skip it`)
    })
  else test.skip(`${title} (not run: ${peer.name} is not installed)`, body)
}

/** Starts a program that ends with the test, and waits until it has printed something that `ready` matches. */
export async function startForeign(
  command: string,
  args: readonly string[],
  ready: RegExp,
): Promise<{ readonly process: ChildProcess; readonly match: RegExpExecArray }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
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
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] })
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
