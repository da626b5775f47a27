import { Act, FarwatchError, type RecordedAct } from '@farwatch/model'
import { z } from 'zod'
import { type ChainEnd, type Entry, linkShape, openEntry, signEntry } from './chain.ts'
import type { SigningKey } from './keys.ts'

/** An act as text has at most so many bytes in UTF-8: its entry fits into one record of a journal. */
export const maxActBytes = 8 * 1024 * 1024

/**
 * One entry of the log of acts. The act stands there as the JSON text that was signed: names and values from outside keep
 * their spelling, and an act of a later version can still be verified by an earlier one.
 */
export const ActEntry = z.strictObject({
  ...linkShape,
  kind: z.literal('act'),
  act: z.string().max(maxActBytes),
})
export type ActEntry = z.infer<typeof ActEntry>

/** What `JSON.parse` has read is JSON: only the frame of an act has to be judged. */
const Frame = Act.extend({ before: z.unknown(), after: z.unknown() })

/** An act as the text that is signed. @throws FarwatchError `bad-act`, `act-too-large`. */
export function textOfAct(act: Act): string {
  const problem = Frame.safeParse(act).error?.issues[0]
  if (problem !== undefined)
    throw new FarwatchError('bad-act', `${act.action}: ${problem.path.join('.')}: ${problem.message}`)
  const text = JSON.stringify(act)
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxActBytes) return text
  throw new FarwatchError(
    'act-too-large',
    `${act.action}: found ${bytes} bytes, expected at most ${maxActBytes}; do it in several steps`,
  )
}

/** Signs the text of an act as the next entry of its log. */
export function signAct(
  text: string,
  place: { end: ChainEnd; madeMs: number; key: SigningKey },
): { readonly bytes: Uint8Array; readonly end: ChainEnd } {
  return signEntry({ kind: 'act', act: text }, place)
}

/** @throws FarwatchError `bad-signature-format`, `bad-entry`. */
export function openAct(bytes: Uint8Array): Entry<ActEntry> {
  return openEntry(bytes, ActEntry)
}

/** The act that an entry tells of; undefined where its text is none that this version knows. */
export function actOf({ seq, madeMs, act }: ActEntry): RecordedAct | undefined {
  let value: unknown
  try {
    value = JSON.parse(act)
  } catch {
    return undefined
  }
  const parsed = Frame.safeParse(value)
  return parsed.success ? { ...(parsed.data as Act), seq, atMs: madeMs } : undefined
}
