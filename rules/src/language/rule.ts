import { Level, Name, siteKinds, Text } from '@farwatch/model'
import { z } from 'zod'

/** A name in which `*` stands for any run of characters. */
const Glob = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\p{L}\p{N}_.:*-]+$/u, 'letters, digits and _ . : - only, and * for any run of them')
const Globs = z.array(Glob).min(1).max(1_000)

/** Which points a rule is for: all that is given must match; inside a list, one entry is enough. */
export const Scope = z.strictObject({
  kinds: z.array(z.enum(siteKinds)).min(1).optional(),
  sites: Globs.optional(),
  devices: Globs.optional(),
  metrics: Globs.optional(),
  /** As registered, exactly. */
  unit: z.string().max(16).optional(),
  /** Also points that no registry names. They have neither kind nor unit. */
  unregistered: z.boolean().default(false),
})
export type Scope = z.infer<typeof Scope>

const Threshold = z
  .strictObject({
    type: z.literal('threshold'),
    above: z.number().optional(),
    below: z.number().optional(),
    /** How long the value must stay beyond the limit, seconds. */
    durationS: z.number().min(0).max(86_400).default(0),
    /** The value at which the condition returns. Default: a tenth of the limit's size inside it. */
    clear: z.number().optional(),
  })
  .transform(({ above, below, durationS, clear }, context) => {
    const found =
      above === undefined
        ? below === undefined
          ? 'neither'
          : 'below'
        : below === undefined
          ? 'above'
          : 'both'
    if (found === 'neither' || found === 'both') {
      context.addIssue({
        code: 'custom',
        message: `found ${found} of "above" and "below", expected one of them`,
      })
      return z.NEVER
    }
    const limit = (above ?? below)!
    const margin = Math.abs(limit) * 0.1
    const clearAt = clear ?? (found === 'above' ? limit - margin : limit + margin)
    if (found === 'above' ? clearAt > limit : clearAt < limit) {
      context.addIssue({
        code: 'custom',
        path: ['clear'],
        message: `found ${clearAt}, expected ${found === 'above' ? 'at most' : 'at least'} the limit ${limit}: it would clear while it sets`,
      })
      return z.NEVER
    }
    return { type: 'threshold' as const, side: found, limit, durationS, clear: clearAt }
  })

const Silence = z.strictObject({
  type: z.literal('silence'),
  /** Times the point's interval (taken as at least 10 s) without a value. */
  intervals: z.number().min(1).max(10_000).default(3),
  /** Also points that have never sent anything since the rules first ran. */
  unseen: z.boolean().default(false),
})

/** What a rule watches for, one `type` a condition. */
export const When = z.discriminatedUnion('type', [Threshold, Silence])
export type When = z.infer<typeof When>

/** One rule; `ids` is shared by all files of a folder so that no id is used twice. */
export function ruleSchema(ids: Map<string, string>, file: string) {
  return z.strictObject({
    id: Name.superRefine((id, context) => {
      const other = ids.get(id)
      if (other !== undefined) {
        context.addIssue({
          code: 'custom',
          message: `"${id}" is already the id of a rule in ${other}; ids are unique`,
        })
      }
      ids.set(id, other ?? file)
    }),
    /** Raise it when the meaning changes: the rule then starts fresh, and its alerts get other ids. */
    version: z.number().int().positive().max(1_000_000).default(1),
    level: Level,
    title: Text,
    for: Scope,
    when: When,
  })
}
export type Rule = z.infer<ReturnType<typeof ruleSchema>>
