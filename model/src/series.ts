import { encode } from 'cborg'
import { CborReader } from './cbor-reader.ts'
import { FarwatchError, messageOf } from './errors.ts'
import { parsePointKey } from './names.ts'
import { type Series, timeSources } from './reading.ts'

/** Latest stamp a wire format carries: year 9999. Whether a stamp is plausible is judged at intake. */
const latestTimeMs = 253_402_300_799_999

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
  const { point, source, times, values, qualities } = columns
  if (parsePointKey(point) === undefined) return fail('point is not SITE/DEVICE/METRIC')
  const timeSource = timeSources[source]
  if (timeSource === undefined) return fail(`${point}: unknown time source`)
  const count = times.length / 8
  if (count < 1 || !Number.isInteger(count)) return fail(`${point}: times are not float64`)
  if (values.length !== times.length) return fail(`${point}: ${values.length / 8} values for ${count} times`)
  if (qualities.length !== 0 && qualities.length !== count * 2)
    return fail(`${point}: qualities do not match times`)
  const timesMs = floatsOf(times)
  for (const time of timesMs) {
    if (!Number.isInteger(time) || time < 0 || time > latestTimeMs)
      return fail(`${point}: impossible time ${time}`)
  }
  const numbers = floatsOf(values)
  for (const value of numbers) if (Math.abs(value) === Infinity) return fail(`${point}: infinite value`)
  return {
    point,
    timeSource,
    timesMs,
    values: numbers,
    qualities: qualities.length === 0 ? new Uint16Array(count) : shortsOf(qualities),
  }
}

function readColumns(bytes: Uint8Array) {
  const reader = new CborReader(bytes)
  if (reader.array() !== 5) throw new FarwatchError('bad-cbor', 'at byte 0: not an array of five')
  const columns = {
    point: reader.text(),
    source: reader.uint(),
    times: reader.bytes(),
    values: reader.bytes(),
    qualities: reader.bytes(),
  }
  reader.end()
  return columns
}

function bytesOfFloats(numbers: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 8))
  for (let i = 0; i < numbers.length; i++) view.setFloat64(i * 8, numbers[i]!, true)
  return new Uint8Array(view.buffer)
}

function floatsOf(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const numbers = new Float64Array(bytes.length / 8)
  for (let i = 0; i < numbers.length; i++) numbers[i] = view.getFloat64(i * 8, true)
  return numbers
}

function bytesOfShorts(numbers: Uint16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 2))
  for (let i = 0; i < numbers.length; i++) view.setUint16(i * 2, numbers[i]!, true)
  return new Uint8Array(view.buffer)
}

function shortsOf(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const numbers = new Uint16Array(bytes.length / 2)
  for (let i = 0; i < numbers.length; i++) numbers[i] = view.getUint16(i * 2, true)
  return numbers
}
