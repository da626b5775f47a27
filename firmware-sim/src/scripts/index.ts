import { helmet } from './helmet.ts'
import { s1 } from './s1.ts'
import { s2, s2b } from './s2.ts'
import { s8 } from './s8.ts'
import type { Script } from './script.ts'

/** Every incident the city can play, by the name of domain's table. */
export const scripts: ReadonlyMap<string, Script> = new Map(
  [s1, s2, s2b, s8, helmet].map((script) => [script.id, script]),
)
