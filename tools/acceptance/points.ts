import { z } from 'zod'

/** Where the required points are listed, from the repository's root. */
export const pointsFile = 'docs/points.yaml'

const Point = z.strictObject({
  id: z.string().regex(/^[A-Z]\d{1,2}$/),
  /** What is required, in one line. */
  point: z.string().min(1),
  /** What of it is missing, or that all is. A point without it is claimed to be whole. */
  notDone: z.string().min(1).optional(),
  /** Benches whose figures belong to this point. */
  figures: z.array(z.string()).default([]),
})
export type Point = z.infer<typeof Point>

export const Points = z
  .strictObject({
    groups: z.array(z.strictObject({ title: z.string(), points: z.array(Point).min(1) })).min(1),
  })
  .superRefine(({ groups }, context) => {
    const seen = new Set<string>()
    for (const { id } of groups.flatMap(({ points }) => points)) {
      if (seen.has(id)) context.addIssue({ code: 'custom', message: `${id} is listed twice` })
      seen.add(id)
    }
  })
export type Points = z.infer<typeof Points>
