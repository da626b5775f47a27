/** What a process held at one idle moment, bytes; `atMs` since the load began. */
export interface Sample {
  readonly atMs: number
  readonly heapBytes: number
  readonly residentBytes: number
}

/** How one quantity went: its means in the first and the last quarter, and the line through all of it. */
export interface Growth {
  readonly first: number
  readonly last: number
  /** By how much the line rises from the first sample to the last. */
  readonly rise: number
}

/** Least squares over the samples, so that one high sample is no growth and slow growth is not hidden by noise. */
export function growthOf(samples: readonly Sample[], of: (sample: Sample) => number): Growth {
  const quarter = Math.max(1, Math.floor(samples.length / 4))
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
  const times = samples.map(({ atMs }) => atMs)
  const values = samples.map(of)
  const middleMs = mean(times)
  const middle = mean(values)
  const square = times.reduce((sum, at) => sum + (at - middleMs) ** 2, 0)
  const product = times.reduce((sum, at, i) => sum + (at - middleMs) * (values[i]! - middle), 0)
  const slope = square === 0 ? 0 : product / square
  return {
    first: mean(values.slice(0, quarter)),
    last: mean(values.slice(-quarter)),
    rise: slope * (times.at(-1)! - times[0]!),
  }
}

/** Memory that does not grow still moves by some megabytes. */
const noise = { share: 0.1, bytes: 16e6 } as const

/** Flat: the line rises by less than a tenth of what was held at first, or by less than 16 MB. */
export function isFlat({ first, rise }: Growth): boolean {
  return rise < Math.max(first * noise.share, noise.bytes)
}
