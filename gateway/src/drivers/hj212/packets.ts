import type { Clock } from '@farwatch/runtime'
import { type Area, parseArea } from './area.ts'
import type { Segment } from './segment.ts'

export type PacketFault = 'incomplete-message' | 'conflicting-packets' | 'oversized-message'

/** A message as it may be read: what it says, and every packet of it that wants an answer. */
export interface Message {
  readonly area: Area
  readonly packets: readonly Segment[]
}

const maxMessages = 16
const maxPackets = 99
const maxBytes = 262_144
const maxAgeMs = 60_000

interface Begun {
  readonly packets: Map<number, Segment>
  readonly sinceMs: number
  readonly count: number
  bytes: number
}

/**
 * Puts the packets of a message together (Flag bit 1, PNUM, PNO), told apart by MN, QN, CN and PNUM. A packet that carries its
 * own DataTime and surely ends with an item stands for itself and waits for no other. Bounded in messages, packets, bytes
 * and time; what is given up is told to `refused`.
 */
export class Packets {
  readonly #clock: Clock
  readonly #refused: (fault: PacketFault) => void
  readonly #begun = new Map<string, Begun>()

  constructor(clock: Clock, refused: (fault: PacketFault) => void) {
    this.#clock = clock
    this.#refused = refused
  }

  /** The message that a packet completes; undefined while others are missing. */
  add(segment: Segment): Message | undefined {
    this.#forgetOld()
    const alone = parseArea(segment.area)
    const { packet } = segment
    if (packet === undefined || packet.count === 1) return { area: alone, packets: [segment] }
    const key = [segment.mn, segment.qn, segment.cn, packet.count].join(' ')
    if (alone.fields.has('DataTime') && alone.malformed === 0 && alone.isClosed && !this.#begun.has(key))
      return { area: alone, packets: [segment] }
    if (packet.count > maxPackets) {
      this.#refused('oversized-message')
      return undefined
    }
    const begun = this.#begun.get(key) ?? this.#begin(key, packet.count)
    const same = begun.packets.get(packet.number)
    if (same !== undefined && same.area !== segment.area) return this.#giveUp(key, 'conflicting-packets')
    begun.bytes += same === undefined ? segment.area.length : 0
    begun.packets.set(packet.number, segment)
    if (begun.bytes > maxBytes) return this.#giveUp(key, 'oversized-message')
    if (begun.packets.size < begun.count) return undefined
    this.#begun.delete(key)
    return this.#joined(
      [...begun.packets.values()].sort((one, other) => one.packet!.number - other.packet!.number),
    )
  }

  #begin(key: string, count: number): Begun {
    if (this.#begun.size === maxMessages) this.#giveUp(this.#begun.keys().next().value!, 'incomplete-message')
    const begun = { packets: new Map(), sinceMs: this.#clock.monotonicMs(), count, bytes: 0 }
    this.#begun.set(key, begun)
    return begun
  }

  #giveUp(key: string, fault: PacketFault): undefined {
    this.#begun.delete(key)
    this.#refused(fault)
  }

  #forgetOld(): void {
    for (const [key, { sinceMs }] of this.#begun)
      if (this.#clock.monotonicMs() - sinceMs > maxAgeMs) this.#giveUp(key, 'incomplete-message')
  }

  /**
   * A message may have been cut between items or within one, and nothing says which. Where only one of the two can be read,
   * that is what it says; where both can and say different things, it is refused.
   */
  #joined(packets: readonly Segment[]): Message | undefined {
    const areas = packets.map(({ area }) => area)
    const readings = [areas.join(';'), areas.join('')].map(parseArea).filter(isClean)
    const [area, other] = readings
    if (area === undefined || (other !== undefined && !saysTheSame(area, other))) {
      this.#refused('conflicting-packets')
      return undefined
    }
    return { area, packets }
  }
}

function isClean({ malformed, ambiguous }: Area): boolean {
  return malformed === 0 && ambiguous.size === 0
}

function saysTheSame(one: Area, other: Area): boolean {
  const flat = ({ fields, factors }: Area) =>
    JSON.stringify([[...fields], [...factors].map(([factor, parts]) => [factor, [...parts]])])
  return flat(one) === flat(other)
}
