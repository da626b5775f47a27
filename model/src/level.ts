import { z } from 'zod'

/** Platform risk levels (平台风险等级), worst first. The platform's own, never a statutory public warning. */
export const levels = ['red', 'orange', 'yellow', 'blue'] as const
export const Level = z.enum(levels)
export type Level = z.infer<typeof Level>

/** Negative when `a` is worse than `b`. */
export function compareLevels(a: Level, b: Level): number {
  return levels.indexOf(a) - levels.indexOf(b)
}
