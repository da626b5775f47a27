import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { onTestFinished, test } from 'vitest'

/** A program that others wrote, for a test to talk to. */
export interface ForeignPeer {
  readonly name: string
  /** Debian package that brings it. */
  readonly from: string
  /** A command that succeeds where the peer is installed, and prints its version. */
  readonly probe: readonly [string, ...string[]]
  /** Not to be had on every machine that CI runs on: skipped there too, and visibly. */
  readonly optional?: boolean
}

/** Debian keeps daemons where the path of a user does not lead. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }

/**
 * A test against a foreign peer, which is noted on it with its version. Where the peer is missing the test fails under
 * `CI=true` (unless it is optional) and is skipped, with the reason in its title, elsewhere.
 */
export function testWithPeer(peer: ForeignPeer, title: string, body: () => Promise<void>): void {
  const { name, from, optional } = peer
  const version = versionOf(peer)
  if (version !== undefined)
    test(title, { timeout: 30_000 }, async ({ task }) => {
      Object.assign(task.meta, { foreignPeers: [{ name, version }] })
      await body()
    })
  else if (process.env.CI === 'true' && !optional)
    test(title, () => {
      throw new Error(`${name} is missing: install ${from}, CI must not skip it`)
    })
  else test.skip(`${title} (not run: ${name} is not installed, it comes with ${from})`, body)
}

function versionOf({ probe: [command, ...args] }: ForeignPeer): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', env, timeout: 10_000 })
  return status === 0 ? /\d+(?:\.\d+)+\S*/.exec(stdout)?.[0] : undefined
}

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
