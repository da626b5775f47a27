import { createHash } from 'node:crypto'
import { Hash } from '@farwatch/model'
import { encode } from 'cborg'
import { z } from 'zod'
import { openEntry } from '../chain.ts'
import { sign1 } from '../cose.ts'
import type { SigningKey } from '../keys.ts'

const Count = z.number().int().nonnegative()
const Seq = z.number().int().positive()
const Range = z.tuple([Seq, Seq])
const Hex16 = z.string().regex(/^[0-9a-f]{16}$/)

/** What was asked for; absent: everything. Times are those at which batches were made and plain records received. */
export const Selection = z.strictObject({
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  gateway: z.string().optional(),
  site: z.string().optional(),
  point: z.string().optional(),
})
export type Selection = z.infer<typeof Selection>

/** What an export holds, in the words of the centre that made it: `manifest.json`, signed by `manifest.cose`. */
export const Manifest = z.strictObject({
  v: z.literal(1),
  kind: z.literal('farwatch-export'),
  selection: Selection,
  madeAt: z.iso.datetime(),
  /** Key id of the centre. */
  centre: Hex16,
  counts: z.strictObject({
    batches: Count,
    readings: Count,
    plainRecords: Count,
    losses: Count,
    /** Plain records that had no seal yet: not in the export. */
    unsealed: Count,
    /** Records that the centre's disk did not give back: not in the export, and where they were batches, a hole. */
    damaged: Count,
  }),
  /** First and last batch of each chain, and ranges between that the selection leaves out. */
  chains: z.array(
    z.strictObject({ gateway: z.string(), chain: Hex16, from: Seq, to: Seq, skipped: z.array(Range) }),
  ),
  seals: z.array(z.strictObject({ chain: Hex16, from: Seq, to: Seq, skipped: z.array(Range) })),
  /** The stretch of the log of acts that is here, without a hole. */
  acts: z.strictObject({ chain: Hex16, from: Seq, to: Seq }).optional(),
  /** Every other file but `manifest.cose`, in order. */
  entries: z.array(
    z.strictObject({ name: z.string(), bytes: Count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
})
export type Manifest = z.infer<typeof Manifest>

const ManifestSignature = z.strictObject({ v: z.literal(1), kind: z.literal('export'), sha256: Hash })

/** `manifest.cose`: a COSE_Sign1 over the SHA-256 of manifest.json's bytes. */
export function signManifest(manifest: Uint8Array, key: SigningKey): Uint8Array {
  return sign1(encode({ v: 1, kind: 'export', sha256: sha256(manifest) }), key)
}

/** @throws FarwatchError `bad-signature-format`, `bad-entry`. */
export function openManifestSignature(bytes: Uint8Array) {
  return openEntry(bytes, ManifestSignature)
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
