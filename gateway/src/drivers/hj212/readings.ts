import { Quality } from '@farwatch/model'
import type { Point, Sample } from '../../driver.ts'
import { type Hj212Address, reports } from './address.ts'
import { type Area, parseNumber } from './area.ts'
import { qualityOf } from './flags.ts'
import { parseTime } from './time.ts'

export type ReadingFault =
  | 'no-data-time'
  | 'ambiguous-factor'
  | 'malformed-value'
  | 'malformed-time'
  | 'unknown-flag'

export interface Readings {
  readonly samples: readonly Sample[]
  /** What of the points was not taken, and why. */
  readonly faults: readonly { readonly fault: ReadingFault; readonly detail: string }[]
}

/**
 * The readings that a report holds for the points of its logger. Real-time values have the time of their sample where the
 * logger tells one (an analyser that measures each hour is repeated each minute), else DataTime: the instant of raw values
 * and states, the beginning of the period of aggregates. The value stands beside a bad quality as the logger sent it.
 */
export function readingsOf(cn: string, area: Area, points: readonly Point<Hj212Address>[]): Readings {
  const report = reports[cn as keyof typeof reports]?.name
  const faults: { fault: ReadingFault; detail: string }[] = []
  const samples: Sample[] = []
  const dataTime = area.fields.get('DataTime')
  const timeMs = area.ambiguous.has('DataTime') ? undefined : parseTime(dataTime ?? '')
  if (timeMs === undefined)
    return {
      samples,
      faults: [{ fault: 'no-data-time', detail: `DataTime ${JSON.stringify(dataTime ?? null)}` }],
    }
  for (const { key, address } of points) {
    const parts = address.report === report ? area.factors.get(address.factor) : undefined
    if (parts === undefined) continue
    const found = area.ambiguous.has(address.factor)
      ? ({ fault: 'ambiguous-factor', detail: address.factor } as const)
      : readingOf(parts, address)
    if (found === undefined) continue
    if ('fault' in found) faults.push(found)
    else
      samples.push({ point: key, timeSource: 'device', timeMs: found.sampleMs ?? timeMs, ...found.reading })
    if (!('fault' in found) && found.unknownFlag !== undefined)
      faults.push({
        fault: 'unknown-flag',
        detail: `${address.factor}-Flag=${found.unknownFlag.slice(0, 20)}`,
      })
  }
  return { samples, faults }
}

interface Found {
  readonly reading: Pick<Sample, 'value' | 'quality'>
  readonly sampleMs: number | undefined
  readonly unknownFlag: string | undefined
}

/** Undefined where the report says nothing of the part. */
function readingOf(
  parts: ReadonlyMap<string, string>,
  { factor, part, report }: Hj212Address,
): Found | { readonly fault: ReadingFault; readonly detail: string } | undefined {
  const [text, flag] = [parts.get(part), parts.get('Flag')]
  const quality = qualityOf(flag)
  const isBad = quality >= Quality.bad
  if (text === undefined && !isBad) return undefined
  const value = parseNumber(text ?? '')
  // A logger that has no value writes none, or dashes; it may, where its flag says so too.
  if (value === undefined && !isBad)
    return { fault: 'malformed-value', detail: `${factor}-${part}=${text!.slice(0, 40)}` }
  const sampled = (report === 'real-time' && parts.get('SampleTime')) || undefined
  const sampleMs = sampled === undefined ? undefined : parseTime(sampled)
  if (sampled !== undefined && sampleMs === undefined)
    return { fault: 'malformed-time', detail: `${factor}-SampleTime=${sampled.slice(0, 40)}` }
  const unknownFlag = quality === Quality.bad ? flag : undefined
  return { reading: { value: value ?? null, quality }, sampleMs, unknownFlag }
}
