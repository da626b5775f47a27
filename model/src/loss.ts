import { decode, encode } from 'cborg'
import { z } from 'zod'
import { Hash } from './batch.ts'
import { FarwatchError } from './errors.ts'
import { Name } from './names.ts'

/** Why batches are gone: the journal's bound in bytes or age, a full disk, damage, or the centre had acknowledged them before. */
export const lossReasons = ['bytes', 'age', 'disk-full', 'damaged', 'acknowledged'] as const

const Seq = z.number().int().positive()
const Ms = z.number().int().nonnegative()

/**
 * What a gateway signs when it can no longer deliver batches of its chain: the payload of a COSE_Sign1 (RFC 9052),
 * canonical CBOR, published on `farwatch/v1/GATEWAY/loss`. Loss is declared before anything is removed, so that it is
 * never silent; `prev` and `last` keep the chain whole across the hole.
 */
export const LossDeclaration = z
  .strictObject({
    v: z.literal(1),
    kind: z.literal('loss'),
    gateway: Name,
    chain: z.string().regex(/^[0-9a-f]{16}$/),
    /** First and last sequence that will not come (again). */
    from: Seq,
    to: Seq,
    /** Hash of the batch before `from` and of batch `to`, where the gateway still knew them. */
    prev: Hash.optional(),
    last: Hash.optional(),
    /** Readings in these batches and when the first and last of them were made, where the gateway still knew. */
    readings: z.number().int().nonnegative().optional(),
    firstMadeMs: Ms.optional(),
    lastMadeMs: Ms.optional(),
    reason: z.enum(lossReasons),
    /** When this was declared, by the gateway's wall clock (Unix ms). */
    madeMs: Ms,
  })
  .refine(({ from, to }) => from <= to, 'from is after to')
export type LossDeclaration = z.infer<typeof LossDeclaration>

export const maxLossBytes = 4_096

export function encodeLoss(loss: LossDeclaration): Uint8Array {
  return encode(loss)
}

/** @throws FarwatchError `bad-loss` with the path of the first fault. */
export function decodeLoss(bytes: Uint8Array): LossDeclaration {
  const fail = (problem: string, cause?: unknown): never => {
    throw new FarwatchError('bad-loss', problem, { cause })
  }
  if (bytes.length > maxLossBytes) return fail(`${bytes.length} bytes, at most ${maxLossBytes}`)
  let value: unknown
  try {
    value = decode(bytes, { strict: true, rejectDuplicateMapKeys: true })
  } catch (cause) {
    return fail('not strict CBOR', cause)
  }
  const parsed = LossDeclaration.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  return fail(`${issue?.path.join('.')}: ${issue?.message}`)
}
