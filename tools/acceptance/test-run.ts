import { z } from 'zod'

/** Where the reporter leaves the last whole test run, from the repository's root. */
export const testRunFile = '.acceptance/tests.json'

const Test = z.strictObject({
  /** Titles from the outermost suite to the test's own. */
  titles: z.array(z.string()).min(1),
  file: z.string(),
  state: z.enum(['passed', 'failed', 'skipped']),
  durationMs: z.number(),
  /** Why it was skipped, where it said so. */
  reason: z.string().optional(),
  peers: z.array(z.strictObject({ name: z.string(), version: z.string() })),
})
export type Test = z.infer<typeof Test>

export const TestRun = z.strictObject({
  tests: z.array(Test),
  /** Files that could not be run at all, and errors outside of tests. */
  errors: z.array(z.string()),
})
export type TestRun = z.infer<typeof TestRun>

const ids = /^(?:[A-Z]\d{1,2}(?:[ ,/]+|$))+/

/** Ids of the points a test shows: those that its title, or that of a suite around it, begins with (`F2 F8 …`). */
export function pointsOf({ titles }: Test): string[] {
  const found = titles.flatMap((title) => ids.exec(`${title} `)?.[0].match(/[A-Z]\d{1,2}/g) ?? [])
  return [...new Set(found)]
}
