import { z } from 'zod'
import { lossReasons } from './loss.ts'
import { Name } from './names.ts'

/** What the centre answers with, see `Verdict`. */
export const verdictKinds = ['stored', 'duplicate', 'rejected', 'held', 'forked', 'gap', 'declared'] as const
export type VerdictKind = (typeof verdictKinds)[number]

/** Holes and losses named one by one; more are only counted. */
export const maxListed = 16

const Count = z.number().int().nonnegative()
const Seq = z.number().int().positive()
const Ms = z.number().int().nonnegative()
const Chain = z.string().max(32)
const Reason = z.string().max(500)

/** How what one gateway sends has come in at the centre: journalled by intake when it changes. */
export const Delivery = z.strictObject({
  v: z.literal(1),
  gateway: Name,
  /** The chain it used last, and ranges without a hole in it. */
  chain: Chain.nullable(),
  islands: Count,
  /** Verdicts given, ever. */
  verdicts: z.strictObject(
    Object.fromEntries(verdictKinds.map((kind) => [kind, Count])) as Record<VerdictKind, typeof Count>,
  ),
  /** Batches that have neither come nor been declared lost, over all its chains. */
  missing: z.strictObject({
    holes: Count,
    batches: Count,
    list: z.array(z.strictObject({ chain: Chain, from: Seq, to: Seq })).max(maxListed),
  }),
  /** Declarations of loss; `batches` are those that have not come after all. The newest are listed. */
  lost: z.strictObject({
    declarations: Count,
    batches: Count,
    readings: Count,
    list: z
      .array(
        z.strictObject({
          chain: Chain,
          from: Seq,
          to: Seq,
          readings: Count.nullable(),
          reason: z.enum(lossReasons),
          declaredMs: Ms,
        }),
      )
      .max(maxListed),
  }),
  /** The last verdict that should not have been: rejected, held, forked, a declaration refused. */
  abnormal: z
    .strictObject({ verdict: z.enum(verdictKinds), chain: Chain, seq: Seq, reason: Reason, atMs: Ms })
    .nullable(),
  /** When and why two senders of one name were last suspected: an older copy of a gateway, or two with one key. */
  twin: z.strictObject({ sign: z.enum(['forked', 'taken-over']), atMs: Ms }).nullable(),
})
export type Delivery = z.infer<typeof Delivery>
