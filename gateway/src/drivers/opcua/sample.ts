import { isTime, Quality } from '@farwatch/model'
import { DataType, type DataValue, VariantArrayType } from 'node-opcua-client'
import { measured, type Sample } from '../../driver.ts'

/**
 * A DataValue as a sample (OPC 10000-4, 7.11): the upper half of its status is the quality, its source time the time,
 * else the server's; `arrivalMs` where the server stamped neither (or, as some do, with the year 1601 for "none"). What is
 * no number has no value.
 */
export function sampleOf(point: string, data: DataValue, arrivalMs: number): Sample {
  const stampMs = [data.sourceTimestamp, data.serverTimestamp]
    .map((stamp) => stamp?.getTime())
    .find((timeMs) => timeMs !== undefined && isTime(timeMs))
  const quality = data.statusCode.value >>> 16
  const number = quality >= Quality.bad ? Number.NaN : numberOf(data)
  return {
    point,
    timeMs: stampMs ?? arrivalMs,
    timeSource: stampMs === undefined ? 'gateway' : 'device',
    ...(number === undefined
      ? { value: null, quality: Quality.badConfiguration }
      : measured(number, quality)),
  }
}

/** Undefined for text, arrays, structures: such a node cannot be a point. */
function numberOf({ value: variant }: DataValue): number | undefined {
  if (variant.arrayType !== VariantArrayType.Scalar) return undefined
  const value: unknown = variant.value
  switch (variant.dataType) {
    case DataType.Boolean:
      return value ? 1 : 0
    case DataType.Int64:
    case DataType.UInt64: {
      if (typeof value === 'bigint') return Number(value)
      const [high, low] = value as [number, number]
      return (variant.dataType === DataType.Int64 ? high | 0 : high >>> 0) * 2 ** 32 + low
    }
    default:
      return typeof value === 'number' ? value : undefined
  }
}
