import { FarwatchError } from '@farwatch/model'
import type { Random } from './random.ts'

/** `accepted`: the decoder took it for good; `refused`: it said no in the way that it declares. */
export type Verdict = 'accepted' | 'refused'

/** One decoder of bytes from outside, and what must hold whatever it is given. */
export interface Target {
  readonly name: string
  /** Valid input; every one of them must be accepted as it is. */
  readonly seeds: readonly Uint8Array[]
  mutate(seed: Uint8Array, random: Random): Uint8Array
  /** Throws where what must hold does not; anything thrown is a fault that was found. */
  judge(input: Uint8Array, random: Random): Verdict | Promise<Verdict>
  /** What must hold after all runs; also frees what the target has opened. */
  finish?(): Promise<void>
}

/** A target before it has opened anything. */
export interface TargetKind {
  readonly name: string
  /** Its part of the runs, compared with the others': less for what opens sockets or files. */
  readonly share: number
  open(): Target | Promise<Target>
}

/** A property that must hold for every input does not. */
export class Breach extends FarwatchError<'breach'> {
  constructor(message: string) {
    super('breach', message)
    this.name = 'Breach'
  }
}

export function mustHold(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Breach(otherwise)
}

/** What a decoder returns, or undefined where it refused with an error that it declares. Any other error passes through. */
export function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof FarwatchError)) throw error
    mustHold(error.message.length <= 2_000, `a message of ${error.message.length} characters`)
    return undefined
  }
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}
