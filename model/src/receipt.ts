import { z } from 'zod'

const Seq = z.number().int().positive()

/** What the centre did with one batch. The gateway forgets a batch on `stored`, `duplicate` or `rejected` only. */
export const Verdict = z.discriminatedUnion('verdict', [
  z.strictObject({ verdict: z.literal('stored'), seq: Seq }),
  z.strictObject({ verdict: z.literal('duplicate'), seq: Seq }),
  /** Refused for good, kept in the centre's quarantine. */
  z.strictObject({ verdict: z.literal('rejected'), seq: Seq, reason: z.string().max(500) }),
  /** Not judged yet (its key is not enrolled, the centre's disk is full): keep it and send it again later. */
  z.strictObject({ verdict: z.literal('held'), seq: Seq, reason: z.string().max(500) }),
  /**
   * Not taken: the centre has another batch in this place of the chain, so this gateway's folder is an older copy or a
   * twin. Please begin a new chain and seal in it again what waits.
   */
  z.strictObject({ verdict: z.literal('forked'), seq: Seq, reason: z.string().max(500) }),
  /**
   * Batches from `expected` to before `seq` have not come. Please send them again, or declare their loss. Alone it also
   * means that `seq` was not taken; beside a `stored` of the same `seq` it only asks.
   */
  z.strictObject({ verdict: z.literal('gap'), seq: Seq, expected: Seq }),
  /** The loss of batches `from` to `seq` has been put down; with `problem`, it was refused for good. */
  z.strictObject({
    verdict: z.literal('declared'),
    from: Seq,
    seq: Seq,
    problem: z.string().max(500).optional(),
  }),
])
export type Verdict = z.infer<typeof Verdict>

/** Most verdicts in one receipt. */
export const verdictsAReceipt = 1_000

/**
 * Published by the centre on `farwatch/v1/GATEWAY/receipt` as JSON. Batches of one chain whose fate became known in one moment
 * stand in one receipt.
 */
export const Receipt = z.strictObject({
  v: z.literal(1),
  chain: z.string(),
  verdicts: z.array(Verdict).min(1).max(verdictsAReceipt),
})
export type Receipt = z.infer<typeof Receipt>

export const linkStates = ['connecting', 'up', 'down'] as const

/** Retained JSON on `farwatch/v1/GATEWAY/status`; `online: false` is also the gateway's last will. */
export const GatewayStatus = z.strictObject({
  v: z.literal(1),
  online: z.boolean(),
  /** SPKI of the gateway's Ed25519 public key, base64: what its batches are verified with. */
  publicKey: z.string().max(200).optional(),
  /** Statements of key rotation (COSE_Sign1, base64), oldest first: how `publicKey` followed from the keys before it. */
  rotations: z.array(z.string().max(2_000)).max(16).optional(),
  /** Batches that wait for their receipt, and bytes of the journal that holds them. */
  spool: z
    .strictObject({ batches: z.number().int().nonnegative(), bytes: z.number().int().nonnegative() })
    .optional(),
  /** What waits behind the live lane since the link was down: batches, and when the oldest was made. */
  backfill: z
    .strictObject({ batches: z.number().int().nonnegative(), oldestMadeMs: z.number().int().nonnegative() })
    .optional(),
  /** Batches and readings whose loss this gateway has declared, ever. */
  lost: z
    .strictObject({ batches: z.number().int().nonnegative(), readings: z.number().int().nonnegative() })
    .optional(),
  links: z
    .array(
      z.strictObject({
        name: z.string().max(64),
        protocol: z.string().max(32),
        state: z.enum(linkStates),
        problem: z.string().max(500).optional(),
      }),
    )
    .max(1_000)
    .default([]),
})
export type GatewayStatus = z.infer<typeof GatewayStatus>
