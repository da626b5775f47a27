import { FarwatchError, messageOf } from '@farwatch/model'
import { Random } from './random.ts'
import type { Target, TargetKind } from './target.ts'

export interface FuzzOptions {
  /** Over all targets, by their shares. */
  readonly runs: number
  readonly seed: number
  /** The first run's number: a fault is found again with its run as `from`, and 1 as `runs`. */
  readonly from: number
  readonly targets: readonly TargetKind[]
  readonly say: (text: string) => void
}

/** What came out for one target. */
export interface FuzzResult {
  readonly soak: 'fuzz'
  readonly target: string
  readonly seed: number
  readonly runs: number
  readonly accepted: number
  readonly refused: number
  /** Slowest input: milliseconds (the least of five tries), and how large it was. */
  readonly worstMs: number
  readonly worstBytes: number
  /** Largest input, and what the process grew by meanwhile. */
  readonly largestBytes: number
  readonly grownMb: number
  readonly tookS: number
  readonly fault?: Fault
}

export interface Fault {
  readonly run: number
  readonly problem: string
  readonly bytes: number
  /** The input, or its beginning, base64. */
  readonly input: string
}

/** A little more than anything from outside may have before it is looked at. */
const mostBytes = 1_100_000
/** For which some milliseconds are much: only what grows faster than its input comes near. */
const mostMs = 2_000
const mostGrownMb = 1_024
const shownBytes = 3_000
const sayEveryMs = 10_000

/** Fuzzes one target after another; each ends at its first fault. */
export async function* fuzz(options: FuzzOptions): AsyncGenerator<FuzzResult> {
  const shares = options.targets.reduce((sum, { share }) => sum + share, 0)
  for (const kind of options.targets) {
    const runs = Math.max(1, Math.round((options.runs * kind.share) / shares))
    // One at a time: what a target opens is closed before the next.
    const target = await kind.open()
    yield await fuzzTarget(target, { ...options, runs })
  }
}

async function fuzzTarget(target: Target, { runs, seed, from, say }: FuzzOptions): Promise<FuzzResult> {
  const started = performance.now()
  const grown = growth()
  const counts = { accepted: 0, refused: 0 }
  let [worstMs, worstBytes, largestBytes, done] = [0, 0, 0, 0]
  let fault: Fault | undefined
  let saidMs = started
  const input = (run: number) => {
    const random = new Random(seed, target.name, run)
    return {
      random,
      bytes: new Uint8Array(target.mutate(random.pick(target.seeds), random).subarray(0, mostBytes)),
    }
  }
  try {
    for (const bytes of target.seeds) {
      if ((await target.judge(bytes, new Random(seed))) !== 'accepted')
        throw new FarwatchError('bad-seed', 'a valid input is refused')
    }
  } catch (error) {
    fault = faultOf(-1, target.seeds[0]!, error)
  }
  for (let run = from; run < from + runs && fault === undefined; run++) {
    const { bytes, random } = input(run)
    const beganMs = performance.now()
    try {
      counts[await target.judge(bytes, random)]++
      let tookMs = performance.now() - beganMs
      // A busy machine, or the collector, may have taken the time: an input is slow if it is slow each time.
      for (let again = 0; tookMs > worstMs && again < 4; again++)
        tookMs = Math.min(tookMs, await timeOf(target, input(run)))
      if (tookMs > mostMs) throw new FarwatchError('slow', `takes ${Math.round(tookMs)} ms each time`)
      if (tookMs > worstMs) [worstMs, worstBytes] = [tookMs, bytes.length]
      const mb = run % 256 === 0 || tookMs > 50 ? grown() : 0
      if (mb > mostGrownMb) throw new FarwatchError('fat', `the process has grown by ${mb} MB`)
    } catch (error) {
      fault = faultOf(run, bytes, error)
    }
    done++
    largestBytes = Math.max(largestBytes, bytes.length)
    if (performance.now() - saidMs > sayEveryMs) {
      saidMs = performance.now()
      say(`${target.name}: ${done} of ${runs} runs`)
    }
  }
  const grownMb = grown()
  await target.finish?.().catch((error) => {
    fault ??= faultOf(from + done, new Uint8Array(0), error)
  })
  const tookS = rounded((performance.now() - started) / 1_000)
  const worst = { worstMs: rounded(worstMs), worstBytes, largestBytes, grownMb, tookS }
  return { soak: 'fuzz', target: target.name, seed, runs: done, ...counts, ...worst, ...(fault && { fault }) }
}

async function timeOf(
  target: Target,
  { bytes, random }: { bytes: Uint8Array; random: Random },
): Promise<number> {
  const beganMs = performance.now()
  await target.judge(bytes, random)
  return performance.now() - beganMs
}

function faultOf(run: number, bytes: Uint8Array, error: unknown): Fault {
  const problem = error instanceof FarwatchError ? `${error.code}: ${error.message}` : stackOf(error)
  return {
    run,
    problem,
    bytes: bytes.length,
    input: Buffer.from(bytes.subarray(0, shownBytes)).toString('base64'),
  }
}

function stackOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [messageOf(error)]
  return lines.slice(0, 5).join('\n')
}

/** Peak growth of the resident set since now, in MB. */
function growth(): () => number {
  const before = process.memoryUsage.rss()
  let peak = 0
  return () => {
    peak = Math.max(peak, Math.round((process.memoryUsage.rss() - before) / 1024 ** 2))
    return peak
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
