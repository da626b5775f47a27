import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Alert, messageOf } from '@farwatch/model'
import { writeAtomically } from '@farwatch/runtime'
import type { z } from 'zod'
import type { Condition } from '../conditions/condition.ts'
import type { Rule } from '../language/rule.ts'
import type { Cell } from './cell.ts'
import { readContent } from './read-checkpoint.ts'
import type { Reading, Span } from './span.ts'
import { magic, type Sweep } from './sweep.ts'

/** What an engine was at one moment, for one engine to go on from: it takes over what it finds here. */
export interface Checkpoint {
  /** Next record of the centre's journal, next record of the alert journal. */
  readonly position: number
  readonly alertPosition: number
  readonly nowMs: number
  readonly points: ReadonlyMap<string, KeptPoint>
  readonly rules: ReadonlyMap<string, KeptRule>
  readonly alerts: readonly Alert[]
}

export interface KeptRule {
  readonly id: string
  readonly version: number
  readonly stateVersion: number
}

export interface KeptPoint {
  /** To where its time has gone on, arrival of the newest value; -Infinity: there was none. */
  readonly lastMs: number
  readonly arrivedMs: number
  /** Undefined where no condition is on event time. */
  readonly past: KeptPast | undefined
  readonly cells: readonly (readonly [KeptRule, Cell])[]
}

/** What late readings of a point need: see `Past`; `dueMs`: when those that wait are judged. */
export interface KeptPast {
  readonly spans: Span[]
  readonly late: readonly Reading[]
  readonly lateSinceMs: number
  readonly dueMs: number
}

/** Length of the digest, of what else stands behind the values, and of the part of that which tells the version. */
const digestBytes = 32
const endBytes = 8 + magic.length + digestBytes

function pathOf(home: string): string {
  return join(home, 'rules', 'checkpoint')
}

/** Durable when it resolves; a crash meanwhile leaves the one before. The event loop goes on between pieces. */
export async function saveCheckpoint(home: string, sweep: Sweep): Promise<void> {
  await writeAtomically(pathOf(home), sweep.pieces())
}

/** The newest checkpoint; undefined before the first; or what is wrong with it. */
export async function loadCheckpoint(home: string): Promise<Checkpoint | undefined | { problem: string }> {
  let content: Buffer
  try {
    content = await readFile(pathOf(home))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const body = content.subarray(0, Math.max(0, content.length - digestBytes))
  const found = body.toString('latin1', Math.max(0, body.length - magic.length))
  if (found !== magic) return { problem: `it is of another version, or torn: found no "${magic}" at its end` }
  const digest = createHash('sha256').update(body).digest()
  if (!digest.equals(content.subarray(body.length))) return { problem: 'its checksum does not match' }
  try {
    return readContent(
      content.subarray(0, content.length - endBytes),
      body.readDoubleLE(content.length - endBytes),
    )
  } catch (error) {
    return { problem: `it does not hold what it should: ${messageOf(error)}` }
  }
}

/** Finds the cells of a checkpoint for the conditions of today. */
export class KeptCells {
  readonly #checkpoint: Checkpoint
  /** States that have been looked at: many cells share one. */
  readonly #sound = new Map<z.ZodType, Set<unknown>>()

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint
  }

  point(key: string): KeptPoint | undefined {
    return this.#checkpoint.points.get(key)
  }

  /** Undefined where there is none of this version of rule and state. */
  cell(point: KeptPoint | undefined, rule: Rule, condition: Condition<unknown>): Cell | undefined {
    const kept = point?.cells.find(([{ id }]) => id === rule.id)
    if (kept === undefined) return undefined
    const [{ version, stateVersion }, cell] = kept
    const isOfToday = version === rule.version && stateVersion === condition.stateVersion
    return isOfToday && this.#isSound(condition.schema, cell.state) ? cell : undefined
  }

  #isSound(schema: z.ZodType, state: unknown): boolean {
    let sound = this.#sound.get(schema)
    if (sound === undefined) {
      sound = new Set()
      this.#sound.set(schema, sound)
    }
    if (sound.has(state)) return true
    if (!schema.safeParse(state).success) return false
    sound.add(state)
    return true
  }
}
