import { join } from 'node:path'
import { FarwatchError } from '@farwatch/model'
import { readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'

const Position = z.number().int().positive()
const ChainId = z.string().regex(/^[0-9a-f]{16}$/)
const Stored = z.strictObject({
  v: z.literal(1),
  /** Chains that the centre could not take further, newest last. */
  ended: z.array(ChainId).max(100),
  copying: z
    .strictObject({
      /** The ended chain whose batches are sealed again, and the chain that takes them. */
      of: ChainId,
      into: ChainId,
      /** Batch `seq` of `into` is the copy of journal position `position`; those behind follow one for one. */
      seq: Position,
      position: Position,
      /** Journal position behind the last that may have to be copied. */
      until: Position,
    })
    .optional(),
})
export type Copying = NonNullable<z.infer<typeof Stored>['copying']>

/**
 * How far an ended chain has been sealed again, on disk before the first copy, so that a crash inside goes on where it
 * was: what has been copied since is read off the journal's end.
 */
export interface CopyingMarker {
  readonly ended: ReadonlySet<string>
  readonly copying: Copying | undefined
  begin(copying: Copying): Promise<void>
  end(): Promise<void>
}

const maxEnded = 100

/** `folder` is the journal's: the marker speaks of that journal's positions. */
export async function openMarker(folder: string): Promise<CopyingMarker> {
  const path = join(folder, 'copying.json')
  const text = await readIfPresent(path)
  let state: z.infer<typeof Stored> = { v: 1, ended: [] }
  try {
    if (text !== undefined) state = Stored.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${path} cannot be understood; restore it: without it readings may be sent twice`
    throw new FarwatchError('bad-marker', message, { cause })
  }
  const ended = new Set(state.ended)
  const write = async (copying: Copying | undefined) => {
    const next = { v: 1 as const, ended: [...ended].slice(-maxEnded), copying }
    await writeAtomically(path, JSON.stringify(next))
    state = next
  }
  return {
    ended,
    get copying() {
      return state.copying
    },
    async begin(copying) {
      ended.add(copying.of)
      await write(copying)
    },
    end: () => write(undefined),
  }
}
