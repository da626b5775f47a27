import { Alert, FarwatchError, Transition } from '@farwatch/model'
import { z } from 'zod'

const Position = z.number().int().positive()

/** The condition's output that caused a transition: version of its rule, and its number; null for a person's act. */
export const Cause = z
  .strictObject({ version: z.number().int().positive(), output: z.number().int().positive() })
  .nullable()
export type Cause = z.infer<typeof Cause>

/**
 * One line of the alert journal. It holds what happened to alerts, and what the engine was told besides records (ticks of
 * the clock, its own starts): with the centre's journal, all that is needed to give the same alerts again.
 * `before`: the position of the centre's record that was in hand, or next, when it happened. An operator's act has its place
 * by the number of its transition: after the one before it in the alert's life, wherever the engine was.
 */
export const Entry = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('transition'),
    before: Position,
    cause: Cause,
    /** The alert after it, but for its transitions. */
    alert: Alert.omit({ transitions: true }),
    transition: Transition,
  }),
  /** A tick of the clock that woke a condition, or a start of the engine. */
  z.strictObject({ kind: z.enum(['tick', 'resume']), before: Position, atMs: z.number().int() }),
])
export type Entry = z.infer<typeof Entry>
export type TransitionEntry = Entry & { kind: 'transition' }

const Record = z.strictObject({ v: z.literal(1), entries: z.array(Entry) })

/** At most this many entries in one record of the journal. */
export const entriesPerRecord = 500

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Entries that become durable together. */
export function encodeEntries(entries: readonly Entry[]): Uint8Array {
  return encoder.encode(JSON.stringify({ v: 1, entries }))
}

/** @throws FarwatchError `bad-entry`: written by a newer version, or not by us. */
export function decodeEntries(payload: Uint8Array): Entry[] {
  try {
    return Record.parse(JSON.parse(decoder.decode(payload))).entries
  } catch (cause) {
    throw new FarwatchError('bad-entry', 'a record of the alert journal cannot be read', { cause })
  }
}
