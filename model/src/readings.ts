import { batchBounds } from './batch.ts'
import { CborReader } from './cbor-reader.ts'
import { FarwatchError, messageOf } from './errors.ts'
import type { PointKey } from './names.ts'
import { PointKeyCache } from './point-key-cache.ts'
import { PointLists } from './point-lists.ts'
import { isTime, type Series, timeSources } from './reading.ts'

/**
 * Readings of one record in columns: series `s` is of `points[s]` and has the rows from `ends[s - 1]` (0 for the first) to
 * before `ends[s]`. What comes in a hundred thousand times a second is no object of its own. Shared between all readers of
 * a record: nobody may write into it.
 */
export interface Readings {
  /** The very same array where the same points came before in the same order. */
  readonly points: readonly PointKey[]
  /** Index into `timeSources`, one a series. */
  readonly sources: Uint8Array
  readonly ends: Uint32Array
  readonly timesMs: Float64Array
  /** NaN stands for "no value". */
  readonly values: Float64Array
  readonly qualities: Uint16Array
}

/** Columns of their exact sizes in one piece of memory. */
function makeReadings(points: readonly PointKey[], rows: number): Readings {
  const series = points.length
  const buffer = new ArrayBuffer(rows * 18 + series * 5 + 4)
  let at = rows * 16
  const timesMs = new Float64Array(buffer, 0, rows)
  const values = new Float64Array(buffer, rows * 8, rows)
  const ends = new Uint32Array(buffer, at, series)
  at += series * 4
  const qualities = new Uint16Array(buffer, at, rows)
  at += rows * 2
  return { points, sources: new Uint8Array(buffer, at, series), ends, timesMs, values, qualities }
}

export const noReadings: Readings = makeReadings([], 0)

/** A series, its columns in arrays of any kind. */
type Packable = Pick<Series, 'point' | 'timeSource'> & {
  readonly [column in 'timesMs' | 'values' | 'qualities']: ArrayLike<number>
}

/** Series as columns. */
export function packSeries(all: readonly Packable[]): Readings {
  const rows = all.reduce((sum, { timesMs }) => sum + timesMs.length, 0)
  const packed = makeReadings(
    all.map(({ point }) => point),
    rows,
  )
  let row = 0
  for (const [s, { timeSource, timesMs, values, qualities }] of all.entries()) {
    packed.timesMs.set(timesMs, row)
    packed.values.set(values, row)
    packed.qualities.set(qualities, row)
    packed.sources[s] = timeSources.indexOf(timeSource)
    row += timesMs.length
    packed.ends[s] = row
  }
  return packed
}

/** The columns as series, for those who want one at a time: views into them. */
export function seriesIn({ points, sources, ends, timesMs, values, qualities }: Readings): Series[] {
  return points.map((point, s) => {
    const from = s === 0 ? 0 : ends[s - 1]!
    const to = ends[s]!
    return {
      point,
      timeSource: timeSources[sources[s]!]!,
      timesMs: timesMs.subarray(from, to),
      values: values.subarray(from, to),
      qualities: qualities.subarray(from, to),
    }
  })
}

/** A batch taken apart. */
export interface ReadBatch {
  readonly sign1: Uint8Array
  /** Where leaf `s` of the Merkle tree begins and ends in the message: `bounds[2 * s]` and `bounds[2 * s + 1]`. */
  readonly bounds: Uint32Array
  readonly readings: Readings
}

/**
 * Splits a batch as `decodeBatch` does and reads its series as `decodeSeries` does, all in one pass. The signed header is
 * not looked at. @throws FarwatchError `bad-batch`, `bad-series`.
 */
export function readBatch(bytes: Uint8Array): ReadBatch {
  if (bytes.length > batchBounds.bytes) {
    throw new FarwatchError('bad-batch', `${bytes.length} bytes, at most ${batchBounds.bytes}`)
  }
  leaves ??= new LeafReader()
  leaves.begin(bytes)
  try {
    const { reader } = leaves
    if (reader.array() !== 3 || reader.uint() !== 1) throw new FarwatchError('bad-cbor', 'another version')
    const sign1 = reader.bytes()
    const count = reader.array()
    if (count > batchBounds.series) throw new FarwatchError('bad-cbor', `${count} series`)
    const bounds = new Uint32Array(2 * count)
    for (let s = 0; s < count; s++) {
      const end = reader.enter()
      bounds[2 * s] = reader.at
      bounds[2 * s + 1] = end
      leaves.take()
    }
    reader.end()
    return { sign1, bounds, readings: leaves.columns() }
  } catch (cause) {
    if (cause instanceof FarwatchError && cause.code === 'bad-series') throw cause
    const expected = `[1, signed header, [at most ${batchBounds.series} series]] in canonical CBOR`
    throw new FarwatchError('bad-batch', `expected ${expected}, found ${messageOf(cause)}`, { cause })
  }
}

/** One series as `encodeSeries` writes it. @throws FarwatchError `bad-series`. */
export function readSeries(bytes: Uint8Array): Series {
  leaves ??= new LeafReader()
  leaves.begin(bytes)
  leaves.take()
  return seriesIn(leaves.columns())[0]!
}

/** Made on first use, since most programs read no batch. */
let leaves: LeafReader | undefined

/** Reads series one after another; its columns grow in memory that is used again for each batch. */
class LeafReader {
  readonly #cache = new PointKeyCache()
  readonly #grown = makeReadings(new Array(batchBounds.series).fill(''), batchBounds.readings)
  readonly #lists = new PointLists()
  /** Where each point's text begins and ends. */
  readonly #texts = new Uint32Array(2 * batchBounds.series)
  #bytes: Uint8Array = new Uint8Array(0)
  /** What the points have been so far. */
  #list: ReturnType<PointLists['get']>
  #points: PointKey[] = []
  #rows = 0
  reader = new CborReader(this.#bytes)

  begin(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.reader = new CborReader(bytes)
    this.#points = []
    this.#list = undefined
    this.#rows = 0
  }

  columns(): Readings {
    const { sources, ends, timesMs, values, qualities } = this.#grown
    const found = makeReadings(this.#knownPoints(), this.#rows)
    found.sources.set(sources.subarray(0, this.#points.length))
    found.ends.set(ends.subarray(0, this.#points.length))
    found.timesMs.set(timesMs.subarray(0, this.#rows))
    found.values.set(values.subarray(0, this.#rows))
    found.qualities.set(qualities.subarray(0, this.#rows))
    return found
  }

  #knownPoints(): readonly PointKey[] {
    const points = this.#points
    if (this.#list?.points.length === points.length) return this.#list.points
    if (points.length > 1) this.#lists.add(points, this.#bytes, this.#texts)
    return points
  }

  /** The point whose text ends here and begins at `from`: most often the one that stood there the last time. */
  #point(from: number): PointKey | undefined {
    const to = this.reader.at
    const s = this.#points.length
    this.#texts[2 * s] = from
    this.#texts[2 * s + 1] = to
    if (s > 0) {
      const known = this.#list?.at(s, this.#bytes, from, to)
      if (known !== undefined) return known
      this.#list = undefined
      return this.#cache.read(this.#bytes, from, to)
    }
    const first = this.#cache.read(this.#bytes, from, to)
    this.#list = first === undefined ? undefined : this.#lists.get(first)
    return first
  }

  take(): void {
    const { reader } = this
    const from = this.#rows
    const { timesMs, values, qualities, sources, ends } = this.#grown
    let point: PointKey | undefined
    let source: number
    let count: number
    let counts: { values: number; qualities: number }
    try {
      if (reader.array() !== 5) throw new FarwatchError('bad-cbor', 'not an array of five')
      point = this.#point(reader.skipText())
      source = reader.uint()
      count = reader.floatsInto(timesMs, from)
      counts = { values: reader.floatsInto(values, from), qualities: reader.shortsInto(qualities, from) }
      reader.end()
    } catch (cause) {
      const problem = `not [point, time source, times, values, qualities] in canonical CBOR, ${messageOf(cause)}`
      throw new FarwatchError('bad-series', problem, { cause })
    }
    if (point === undefined) fail('point is not SITE/DEVICE/METRIC')
    if (source >= timeSources.length) fail(`${point}: unknown time source`)
    if (count < 1) fail(`${point}: no times`)
    if (counts.values !== count) fail(`${point}: ${counts.values} values for ${count} times`)
    if (counts.qualities === 0) qualities.fill(0, from, from + count)
    else if (counts.qualities !== count) fail(`${point}: ${counts.qualities} qualities for ${count} times`)
    for (let i = from; i < from + count; i++) {
      const timeMs = timesMs[i]!
      const value = values[i]!
      if (!isTime(timeMs)) fail(`${point}: impossible time ${timeMs}`)
      if (value === Infinity || value === -Infinity) fail(`${point}: infinite value`)
    }
    const s = this.#points.push(point) - 1
    sources[s] = source
    this.#rows = from + count
    ends[s] = this.#rows
  }
}

function fail(problem: string): never {
  throw new FarwatchError('bad-series', problem)
}
