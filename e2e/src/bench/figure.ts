import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

/** One line of a bench's output. `ratio` is `value` by `against.value`, both measured in the same run. */
export const Figure = z
  .strictObject({
    bench: z.string().min(1),
    metric: z.string().regex(/^[a-z0-9_]+$/),
    value: z.number().nonnegative(),
    unit: z.string().min(1),
    against: z.strictObject({ name: z.string().min(1), value: z.number().positive() }).optional(),
    ratio: z.number().nonnegative().optional(),
    /** What was measured beneath: engine, version, edition. */
    engine: z.string().optional(),
    /** How many rows, messages or alerts the value comes from. */
    samples: z.number().int().positive(),
  })
  .refine(({ against, ratio }) => (against === undefined) === (ratio === undefined), 'ratio needs against')
export type Figure = z.infer<typeof Figure>

/** Rounds to three significant digits (more would be noise) and adds the ratio. */
export function figure(of: Omit<Figure, 'ratio'>): Figure {
  const { against, value } = of
  if (against === undefined) return { ...of, value: rounded(value) }
  const { name } = against
  return {
    ...of,
    value: rounded(value),
    against: { name, value: rounded(against.value) },
    ratio: rounded(value / against.value),
  }
}

/** Prints a figure on standard output and appends it to the file that the acceptance table is made from. */
export async function publish(one: Figure, file: string): Promise<void> {
  const line = `${JSON.stringify(Figure.parse(one))}\n`
  process.stdout.write(line)
  await mkdir(dirname(file), { recursive: true })
  await appendFile(file, line)
}

/** Progress and context: standard output is for figures alone. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

export const inWords = new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
