import { encode } from 'cborg'
import { CborReader } from './cbor-reader.ts'
import { FarwatchError, messageOf } from './errors.ts'
import { isPointKey } from './names.ts'
import { isTime, type Series, timeSources } from './reading.ts'

/**
 * One series as canonical CBOR: `[point, time source, times, values, qualities]`; times and values little-endian
 * float64 (whole milliseconds; NaN = no value), qualities little-endian uint16, empty where all are good. These exact
 * bytes are a leaf of the batch's Merkle tree.
 */
export function encodeSeries(series: Series): Uint8Array {
  const allGood = series.qualities.every((quality) => quality === 0)
  return encode([
    series.point,
    timeSources.indexOf(series.timeSource),
    bytesOfFloats(series.timesMs),
    bytesOfFloats(series.values),
    allGood ? new Uint8Array(0) : bytesOfShorts(series.qualities),
  ])
}

/** @throws FarwatchError `bad-series` naming what was found. */
export function decodeSeries(bytes: Uint8Array): Series {
  const fail = (message: string, cause?: unknown): never => {
    throw new FarwatchError('bad-series', message, { cause })
  }
  let columns: ReturnType<typeof readColumns>
  try {
    columns = readColumns(bytes)
  } catch (cause) {
    return fail(
      `not [point, time source, times, values, qualities] in canonical CBOR, ${messageOf(cause)}`,
      cause,
    )
  }
  const { point, source, timesMs, values, qualities } = columns
  if (!isPointKey(point)) return fail('point is not SITE/DEVICE/METRIC')
  const timeSource = timeSources[source]
  if (timeSource === undefined) return fail(`${point}: unknown time source`)
  const count = timesMs.length
  if (count < 1) return fail(`${point}: no times`)
  if (values.length !== count) return fail(`${point}: ${values.length} values for ${count} times`)
  if (qualities.length !== 0 && qualities.length !== count)
    return fail(`${point}: ${qualities.length} qualities for ${count} times`)
  for (const time of timesMs) if (!isTime(time)) return fail(`${point}: impossible time ${time}`)
  for (const value of values) if (Math.abs(value) === Infinity) return fail(`${point}: infinite value`)
  return {
    point,
    timeSource,
    timesMs,
    values,
    qualities: qualities.length === 0 ? new Uint16Array(count) : qualities,
  }
}

function readColumns(bytes: Uint8Array) {
  const reader = new CborReader(bytes)
  if (reader.array() !== 5) throw new FarwatchError('bad-cbor', 'at byte 0: not an array of five')
  const columns = {
    point: reader.text(),
    source: reader.uint(),
    timesMs: reader.floats(),
    values: reader.floats(),
    qualities: reader.shorts(),
  }
  reader.end()
  return columns
}

function bytesOfFloats(numbers: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 8))
  for (let i = 0; i < numbers.length; i++) view.setFloat64(i * 8, numbers[i]!, true)
  return new Uint8Array(view.buffer)
}

function bytesOfShorts(numbers: Uint16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 2))
  for (let i = 0; i < numbers.length; i++) view.setUint16(i * 2, numbers[i]!, true)
  return new Uint8Array(view.buffer)
}
