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
  /** Not taken: something before it is missing. Please send again from `expected`. */
  z.strictObject({ verdict: z.literal('gap'), seq: Seq, expected: Seq }),
])
export type Verdict = z.infer<typeof Verdict>

/** Published by the centre on `farwatch/v1/GATEWAY/receipt` as JSON. */
export const Receipt = z.strictObject({
  v: z.literal(1),
  chain: z.string(),
  verdicts: z.array(Verdict).min(1).max(1_000),
})
export type Receipt = z.infer<typeof Receipt>

export const linkStates = ['connecting', 'up', 'down'] as const

/** Retained JSON on `farwatch/v1/GATEWAY/status`; `online: false` is also the gateway's last will. */
export const GatewayStatus = z.strictObject({
  v: z.literal(1),
  online: z.boolean(),
  /** SPKI of the gateway's Ed25519 public key, base64: what its batches are verified with. */
  publicKey: z.string().max(200).optional(),
  /** Batches that wait for their receipt, and bytes of the journal that holds them. */
  spool: z
    .strictObject({ batches: z.number().int().nonnegative(), bytes: z.number().int().nonnegative() })
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
