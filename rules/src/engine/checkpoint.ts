import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Alert, messageOf } from '@farwatch/model'
import { writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'
import type { Past } from './past.ts'
import { type Reading, rowWidth, Span, spanReadings } from './span.ts'

/** JSON has no Infinity: null stands for it (and for "never"). */
type Time = number | null

/** Of an output: kind, time, value, worst, what was told of it. */
type KeptSaid = [
  kind: 'set' | 'return',
  atMs: number,
  value: Time,
  worst: Time,
  told: [alert: string, atMs: number] | null,
]

/** Of a condition: version of its state, state, wish, due time, number of outputs, readings to ignore, legs. */
type KeptCell = [
  stateVersion: number,
  state: unknown,
  wakeMs: Time,
  dueMs: Time,
  outputs: number,
  ignoreUntilMs: Time,
  legs: [state: unknown, wakeMs: Time, said: KeptSaid[]][],
]

/** What late readings of a point need: see `Past`; `dueMs`: when those that wait are judged. */
export interface KeptPast {
  readonly spans: Span[]
  readonly late: readonly Reading[]
  readonly lateSinceMs: number
  readonly dueMs: number
}

type KeptPoint = [lastMs: Time, arrivedMs: Time, past?: KeptPast | undefined]

export interface Checkpoint {
  /** Next record of the centre's journal, next record of the alert journal. */
  readonly position: number
  readonly alertPosition: number
  readonly nowMs: number
  /** By point: to where its time has gone on, arrival of the newest value, its past. */
  readonly points: Record<string, KeptPoint>
  /** By rule; `cells` by point. */
  readonly rules: Record<string, { version: number; cells: Record<string, KeptCell> }>
  readonly alerts: readonly Alert[]
}

/** A past as JSON: spans as after and count (-1: given up), late readings, when they began to wait and are due. */
type PastJson = [[Time, number][], [number, Time, number][], Time, Time]

/** The checksum vouches for what is within; only what another version of Farwatch would do otherwise is looked at. */
const Content = z.strictObject({
  v: z.literal(2),
  position: z.number().int().positive(),
  alertPosition: z.number().int().positive(),
  nowMs: z.number(),
  points: z.custom<Record<string, [Time, Time, PastJson?]>>((value) => typeof value === 'object'),
  rules: z.custom<Checkpoint['rules']>((value) => typeof value === 'object'),
  alerts: z.array(Alert),
})

export function keptPast({ spans, late, lateSinceMs }: Past, dueMs: number): KeptPast {
  return { spans, late, lateSinceMs, dueMs }
}

function pathOf(home: string): string {
  return join(home, 'rules', 'checkpoint')
}

/**
 * Durable when it resolves; a crash meanwhile leaves the one before. What is given is read before the first wait. First line:
 * SHA-256 of the rest. Second line: JSON. Then the readings of all spans as 64-bit floats.
 */
export async function saveCheckpoint(home: string, checkpoint: Checkpoint): Promise<void> {
  const body = encode(checkpoint)
  await writeAtomically(pathOf(home), Buffer.concat([Buffer.from(`${digest(body)}\n`), body]))
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
  const end = content.indexOf('\n')
  const body = content.subarray(end + 1)
  if (content.toString('latin1', 0, Math.max(end, 0)) !== digest(body)) {
    return { problem: 'its checksum does not match' }
  }
  try {
    return decode(body)
  } catch (error) {
    return { problem: `it is of another version: ${messageOf(error)}` }
  }
}

function encode({ points, ...rest }: Checkpoint): Buffer {
  const rows: Uint8Array[] = []
  const kept = Object.entries(points).map(([key, [lastMs, arrivedMs, past]]) => {
    if (past === undefined) return [key, [lastMs, arrivedMs]]
    for (const span of past.spans) {
      if (span.rows === undefined) continue
      rows.push(new Uint8Array(span.rows.buffer, span.rows.byteOffset, span.count * rowWidth * 8))
    }
    return [key, [lastMs, arrivedMs, pastJson(past)]]
  })
  const json = JSON.stringify({ v: 2, ...rest, points: Object.fromEntries(kept) })
  return Buffer.concat([Buffer.from(`${json}\n`), ...rows])
}

function pastJson({ spans, late, lateSinceMs, dueMs }: KeptPast): PastJson {
  return [
    spans.map(({ afterMs, rows, count }) => [afterMs, rows === undefined ? -1 : count]),
    late.map(({ timeMs, value, quality }) => [timeMs, value, quality]),
    lateSinceMs,
    dueMs,
  ]
}

function decode(body: Buffer): Checkpoint {
  const end = body.indexOf('\n')
  const { v: _, points, ...rest } = Content.parse(JSON.parse(body.toString('utf8', 0, end)))
  // A copy of its own begins where numbers may begin.
  const rows = new Float64Array(new Uint8Array(body.subarray(end + 1)).buffer)
  let at = 0
  const take = (count: number): Float64Array => {
    const span = new Float64Array(spanReadings * rowWidth)
    span.set(rows.subarray(at, at + count * rowWidth))
    at += count * rowWidth
    return span
  }
  const restored: Checkpoint['points'] = {}
  for (const [key, [lastMs, arrivedMs, past]] of Object.entries(points)) {
    restored[key] = [lastMs, arrivedMs, past && restoredPast(past, take)]
  }
  return { ...rest, points: restored }
}

function restoredPast(
  [spans, late, lateSinceMs, dueMs]: PastJson,
  take: (count: number) => Float64Array,
): KeptPast {
  return {
    spans: spans.map(([afterMs, count]) => {
      const span = new Span(afterMs ?? Number.NEGATIVE_INFINITY, count < 0 ? undefined : take(count))
      span.count = Math.max(count, 0)
      return span
    }),
    late: late.map(([timeMs, value, quality]) => ({ timeMs, value: value ?? Number.NaN, quality })),
    lateSinceMs: lateSinceMs ?? Infinity,
    dueMs: dueMs ?? Infinity,
  }
}

function digest(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}
