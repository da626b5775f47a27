import { encode } from 'cborg'
import { type Series, timeSources } from './reading.ts'
import { readSeries } from './readings.ts'

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

/** Reads what `encodeSeries` wrote. @throws FarwatchError `bad-series` naming what was found. */
export function decodeSeries(bytes: Uint8Array): Series {
  return readSeries(bytes)
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
