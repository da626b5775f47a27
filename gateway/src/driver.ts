import { FarwatchError, type PointKey, Quality, type TimeSource } from '@farwatch/model'
import type { Clock, Logger } from '@farwatch/runtime'
import type { z } from 'zod'

/** One value of one point as a driver read it, in the vocabulary of `model`. */
export interface Sample {
  readonly point: PointKey
  /** Unix milliseconds, whole: the device's own stamp, or the moment of the poll. Never re-stamped. */
  readonly timeMs: number
  readonly timeSource: TimeSource
  /** Finite, or null where nothing usable was read. Booleans are 0 and 1. */
  readonly value: number | null
  readonly quality: Quality
}

/** A point of the configuration, with the place where its protocol finds it. */
export interface Point<Address> {
  readonly key: PointKey
  readonly address: Address
  /** How often a value is wanted: the period of a poll, the sampling interval of a subscription. */
  readonly intervalMs: number
}

/** What a driver is given; it takes time, timers and folders from nowhere else. */
export interface DriverContext {
  readonly clock: Clock
  readonly log: Logger
  readonly gateway: string
  readonly link: string
  /** Folder of the protocol under the home of the gateway, for keys and certificates; made by the driver that needs it. */
  readonly folder: string
  /** Counts input that was not taken: `farwatch_gateway_refused_total{link,reason}`. `reason` is a fixed word. */
  refused(reason: string, count?: number): void
  /** Counts what was taken although the protocol has it otherwise: `farwatch_gateway_tolerated_total{link,reason}`. */
  tolerated(reason: string): void
  /** Says what is wrong although the link stands (a silent unit, unknown nodes); undefined once it is well again. */
  report(problem: string | undefined): void
}

export type DriverErrorCode = 'refused' | 'timeout' | 'lost' | 'rubbish' | 'silent' | 'listen' | 'security'

/** The link failed; the supervisor tries again. Anything else that a driver throws is a fault of ours. */
export class DriverError extends FarwatchError<DriverErrorCode> {
  constructor(code: DriverErrorCode, message: string, cause?: unknown) {
    super(code, message, { retryable: true, cause })
    this.name = 'DriverError'
  }
}

/** A link to one device, bus or server. It outlives its connections, so it may remember what it learnt in one of them. */
export interface Driver {
  /**
   * One connected life of the link. Yields [] once linked, then batches. Resuming after a yield means that batch is
   * durably stored: acknowledge the device there. Throws DriverError when the link fails; returns within 500 ms of abort.
   */
  run(signal: AbortSignal): AsyncIterable<readonly Sample[]>
}

/** A protocol is one folder under `drivers/` and one line in its index. */
export interface Protocol<Config, Address> {
  readonly name: string
  /** Connection settings, strict. */
  readonly config: z.ZodType<Config>
  /** Where one point lives, strict. */
  readonly address: z.ZodType<Address>
  /** Opens nothing yet: that is `run`'s. */
  create(config: Config, points: readonly Point<Address>[], context: DriverContext): Driver
}

/** Value and quality of what a device sent: NaN and infinity are no values, whatever status came with them. */
export function measured(value: number, quality: Quality = Quality.good): Pick<Sample, 'value' | 'quality'> {
  if (quality >= Quality.bad) return { value: null, quality }
  return Number.isFinite(value) ? { value, quality } : { value: null, quality: Quality.bad }
}

/** Says of points that no value is to be had, as of `timeMs`. */
export function withoutValue(
  points: readonly { readonly key: PointKey }[],
  timeMs: number,
  quality: Quality,
): Sample[] {
  return points.map(({ key }) => ({ point: key, timeMs, timeSource: 'gateway', value: null, quality }))
}
