import { FarwatchError } from '@farwatch/model'
import { readIfPresent, writeAtomically } from '@farwatch/runtime'
import { z } from 'zod'
import type { ChainState } from './chain.ts'

/** Every chain as of a position of the journal. */
export interface Snapshot {
  /** The first record of the journal that is not in it. */
  readonly position: number
  readonly chains: readonly ChainEntry[]
}

export interface ChainEntry {
  readonly gateway: string
  readonly chain: string
  /** When its first batch or declaration came. */
  readonly begunMs: number
  readonly state: ChainState
  /** Beginnings of hashes that are in no file of hashes yet, by sequence. */
  readonly hashes?: ReadonlyMap<number, Uint8Array>
}

const Position = z.number().int().positive()
const Hex = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .transform((text): Uint8Array => Buffer.from(text, 'hex'))
const Hash = Hex.nullable().transform((hash) => hash ?? undefined)

/** Version 1 knew the chain's end and the hashes of its last 128 batches. */
const Version1 = z
  .strictObject({
    v: z.literal(1),
    position: Position,
    chains: z.array(
      z.strictObject({
        gateway: z.string(),
        chain: z.string(),
        seq: z.number(),
        hash: Hex,
        recent: z.array(Hex).default([]),
      }),
    ),
  })
  .transform(
    ({ position, chains }): Snapshot => ({
      position,
      chains: chains.map(({ gateway, chain, seq, hash, recent }) => ({
        ...{ gateway, chain, begunMs: 0 },
        state: { end: seq, hash, gaps: [] },
        hashes: new Map(recent.map((one, i) => [seq - recent.length + 1 + i, one])),
      })),
    }),
  )

const Version2 = z
  .strictObject({
    v: z.literal(2),
    position: Position,
    chains: z.array(
      z.strictObject({
        gateway: z.string(),
        chain: z.string(),
        begunMs: z.number(),
        end: z.number(),
        hash: Hash,
        gaps: z.array(
          z.strictObject({
            from: z.number(),
            to: z.number(),
            prev: Hash,
            last: Hash,
            declared: z.boolean(),
          }),
        ),
      }),
    ),
  })
  .transform(
    ({ position, chains }): Snapshot => ({
      position,
      chains: chains.map(({ end, hash, gaps, ...rest }) => ({ ...rest, state: { end, hash, gaps } })),
    }),
  )

/** @throws FarwatchError `bad-chains`. */
export async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  const text = await readIfPresent(path)
  if (text === undefined) return undefined
  try {
    return z.union([Version2, Version1]).parse(JSON.parse(text))
  } catch (cause) {
    const message = `${path} cannot be understood; restore it, or remove it: it is made again from the journal`
    throw new FarwatchError('bad-chains', message, { cause })
  }
}

/** Resolves when the snapshot is on disk. */
export function writeSnapshot(path: string, { position, chains }: Snapshot): Promise<void> {
  const entries = chains.map(({ gateway, chain, begunMs, state }) => ({
    ...{ gateway, chain, begunMs, end: state.end, hash: hex(state.hash) },
    gaps: state.gaps.map((gap) => ({ ...gap, prev: hex(gap.prev), last: hex(gap.last) })),
  }))
  return writeAtomically(path, JSON.stringify({ v: 2, position, chains: entries }))
}

function hex(hash: Uint8Array | undefined): string | null {
  return hash === undefined ? null : Buffer.from(hash).toString('hex')
}
