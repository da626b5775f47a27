import { startChild } from '../child.ts'
import { type Figure, figure, inWords, say } from '../figure.ts'
import { growthOf, isFlat, type Sample } from './growth.ts'
import type { Held, Order } from './hold.ts'

/** Caches fill and machine code is made in this share of the run; what is held after it should stay. */
const warmUpShare = 0.2

/**
 * Whether the centre's memory is flat while signed batches of 100 come as fast as it takes them: after each round of load,
 * once all of it is committed, what is still held after garbage collection. @throws Error when it grows.
 */
export async function* benchMemory(order: Order): AsyncGenerator<Figure> {
  const child = startChild<Order, Held>(new URL('./hold.ts', import.meta.url), process.env, ['--expose-gc'])
  let held: Held
  try {
    child.send(order)
    held = await child.receive()
  } finally {
    await child.stop()
  }
  const { engine, rows, samples } = held
  const runMs = samples.at(-1)!.atMs
  const steady = samples.filter(({ atMs }) => atMs >= runMs * warmUpShare)
  const measures = [
    { metric: 'heap_mb', of: ({ heapBytes }: Sample) => heapBytes },
    { metric: 'rss_mb', of: ({ residentBytes }: Sample) => residentBytes },
  ] as const
  const grown: string[] = []
  for (const { metric, of } of measures) {
    const growth = growthOf(steady, of)
    const { first, last, rise } = growth
    say(`  ${metric}: ${steady.map((one) => inWords(of(one) / 1e6)).join(' ')}`)
    say(`  ${metric}: the line through these ${steady.length} samples rises by ${inWords(rise / 1e6)} MB`)
    if (!isFlat(growth)) grown.push(metric)
    yield figure({
      ...{ bench: 'memory', metric, unit: 'MB', engine, value: last / 1e6, samples: steady.length },
      against: {
        name: `the same run after ${inWords((runMs * warmUpShare) / 60_000)} min`,
        value: first / 1e6,
      },
    })
  }
  yield figure({
    ...{ bench: 'memory', metric: 'rows_per_s', unit: '1/s', engine, samples: rows },
    value: rows / (runMs / 1_000),
  })
  if (grown.length > 0) throw new Error(`memory is not flat: ${grown.join(' and ')} grew`)
}
