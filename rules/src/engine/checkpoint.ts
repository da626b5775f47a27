import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Alert } from '@farwatch/model'
import { readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'

const Position = z.number().int().positive()

/** JSON has no Infinity: null stands for it (and for "never"). */
const Time = z.number().nullable()

const Checkpoint = z.strictObject({
  v: z.literal(1),
  /** Next record of the centre's journal, next record of the alert journal. */
  position: Position,
  alertPosition: Position,
  nowMs: z.number(),
  /** By point: effective time of the newest reading evaluated, arrival of the newest value. */
  points: z.record(z.string(), z.tuple([Time, Time])),
  /** By rule; `cells` by point: state, due time, number of outputs, readings to ignore. */
  rules: z.record(
    z.string(),
    z.strictObject({
      version: z.number().int().positive(),
      cells: z.record(z.string(), z.tuple([z.number(), z.unknown(), Time, z.number(), Time])),
    }),
  ),
  alerts: z.array(Alert),
})
export type Checkpoint = z.infer<typeof Checkpoint>

function pathOf(home: string): string {
  return join(home, 'rules', 'checkpoint')
}

/** Durable when it resolves; a crash meanwhile leaves the one before. First line SHA-256, second line JSON. */
export async function saveCheckpoint(home: string, checkpoint: Checkpoint): Promise<void> {
  const body = JSON.stringify(checkpoint)
  await writeAtomically(pathOf(home), `${digest(body)}\n${body}`)
}

/** The newest checkpoint; undefined before the first; or what is wrong with it. */
export async function loadCheckpoint(home: string): Promise<Checkpoint | undefined | { problem: string }> {
  const content = await readIfPresent(pathOf(home))
  if (content === undefined) return undefined
  const end = content.indexOf('\n')
  const body = content.slice(end + 1)
  if (content.slice(0, Math.max(end, 0)) !== digest(body)) return { problem: 'its checksum does not match' }
  const parsed = Checkpoint.safeParse(JSON.parse(body))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  return { problem: `${issue?.path.join('.')}: ${issue?.message}` }
}

function digest(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}
