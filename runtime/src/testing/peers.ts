import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { FarwatchError } from '@farwatch/model'

/** A program that Farwatch did not write and that took part in a test. */
export interface ForeignPeer {
  readonly name: string
  readonly version: string
}

/** A foreign program found on this machine. */
export interface FoundPeer extends ForeignPeer {
  /** Absolute path of what to run; for a Python library that of the interpreter which has it. */
  readonly path: string
}

/** What is needed of a vitest test context, so that this module does not depend on vitest. */
export interface PeerTestContext {
  readonly task: { readonly meta: object }
  skip(note?: string): never
}

interface Recipe {
  /** Tried in order; looked up on the PATH unless absolute. */
  readonly commands: readonly string[]
  /** Arguments that make it print its version. */
  readonly ask: readonly string[]
  /** Debian package that brings it. */
  readonly from: string
}

const recipes: Readonly<Record<string, Recipe>> = {
  mosquitto: { commands: ['mosquitto', '/usr/sbin/mosquitto'], ask: ['-h'], from: 'mosquitto' },
  mosquitto_pub: { commands: ['mosquitto_pub'], ask: ['--help'], from: 'mosquitto-clients' },
  mosquitto_sub: { commands: ['mosquitto_sub'], ask: ['--help'], from: 'mosquitto-clients' },
  mbpoll: { commands: ['mbpoll'], ask: ['-V'], from: 'mbpoll' },
  openssl: { commands: ['openssl'], ask: ['version'], from: 'openssl' },
  strace: { commands: ['strace'], ask: ['-V'], from: 'strace' },
  // A python of the user's own may come first on the PATH and lack what Debian's has.
  pymodbus: {
    commands: ['/usr/bin/python3', 'python3'],
    ask: ['-c', 'import pymodbus; print(pymodbus.__version__)'],
    from: 'python3-pymodbus',
  },
  openpyxl: {
    commands: ['/usr/bin/python3', 'python3'],
    ask: ['-c', 'import openpyxl; print(openpyxl.__version__)'],
    from: 'python3-openpyxl',
  },
}

/**
 * Looks for a foreign program by its name: one of the known ones, or any command that answers `--version`.
 * Undefined when it is not there or tells no version within ten seconds.
 */
export function findPeer(name: string): FoundPeer | undefined {
  const recipe = recipes[name] ?? { commands: [name], ask: ['--version'], from: name }
  for (const command of recipe.commands) {
    const path = locate(command)
    if (path === undefined) continue
    const { stdout, stderr, status } = spawnSync(path, recipe.ask, { encoding: 'utf8', timeout: 10_000 })
    const version = /\d+(?:\.\d+)+/.exec(`${stdout}\n${stderr}`)?.[0]
    // Some programs print their version with an exit code of 1; an interpreter without the library prints only its own.
    if (version !== undefined && (status === 0 || !recipe.ask.includes('-c'))) return { name, path, version }
  }
  return undefined
}

/** Notes that this peer took part in the test: it appears in the table of `npm run acceptance`. */
export function foreignPeer(context: PeerTestContext, { name, version }: ForeignPeer): void {
  const meta = context.task.meta as { foreignPeers?: ForeignPeer[] }
  meta.foreignPeers ??= []
  if (!meta.foreignPeers.some((peer) => peer.name === name)) meta.foreignPeers.push({ name, version })
}

/**
 * The peer, noted as taking part. Without it the test is skipped with a visible reason; under `CI=true` it fails.
 * Call it first in the test.
 */
export function skipWithoutPeer(context: PeerTestContext, name: string): FoundPeer {
  const peer = findPeer(name)
  if (peer === undefined) {
    return notRun(
      context,
      `${name} is not installed (Debian: apt-get install ${recipes[name]?.from ?? name})`,
    )
  }
  foreignPeer(context, peer)
  return peer
}

/** Skips the test with a visible reason; under `CI=true`, where nothing may be missing, it fails instead. */
export function notRun(context: PeerTestContext, reason: string): never {
  if (process.env.CI === 'true')
    throw new FarwatchError('peer-missing', `${reason}; under CI=true that is a failure`)
  return context.skip(`not run: ${reason}`)
}

function locate(command: string): string | undefined {
  const candidates = isAbsolute(command)
    ? [command]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, command))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  })
}
