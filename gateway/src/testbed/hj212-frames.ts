import { readFileSync } from 'node:fs'

/** The golden frames, without CRLF, in the order of their file. */
export const goldenFrames: readonly string[] = readFileSync(
  new URL('../../testdata/hj212-frames.txt', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line.startsWith('##'))

/** The golden frame that holds a text; there is one. */
export function golden(part: string): string {
  const found = goldenFrames.filter((frame) => frame.includes(part))
  if (found.length !== 1) throw new Error(`${found.length} golden frames hold ${part}`)
  return found[0]!
}
