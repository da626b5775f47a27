import { noMovedClocks } from './moved-clock.ts'
import type { Part } from './part.ts'
import type { Stage } from './stage.ts'
import type { Wire } from './wire.ts'

/** What can go wrong, and how it is undone. */
export interface Fault {
  readonly name: string
  /** Faults of one part never overlap. */
  readonly part: string
  /** How long it lasts, seconds: any length between these in a soak, the first in the short sample. */
  readonly lastsS: readonly [least: number, most: number]
  /** Why it cannot be shown here; undefined where it can. */
  readonly missing?: (stage: Stage) => string | undefined
  /** Resolves when the fault is on, with what ends it. */
  readonly begin: (stage: Stage) => Promise<() => Promise<void> | void>
}

const killed =
  (partOf: (stage: Stage) => Part, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL') =>
  async (stage: Stage) => {
    const part = partOf(stage)
    await part.hold(signal)
    return () => part.release()
  }

const frozen = (partOf: (stage: Stage) => Part) => async (stage: Stage) => {
  const part = partOf(stage)
  part.freeze()
  return () => part.thaw()
}

const refused = (wiresOf: (stage: Stage) => Wire[]) => async (stage: Stage) => {
  for (const wire of wiresOf(stage)) wire.refuse()
  return () => {
    for (const wire of wiresOf(stage)) wire.heal()
  }
}

/** Nothing passes and nobody is told; at the end one side has forgotten the connection. */
const halfOpen = (wiresOf: (stage: Stage) => Wire[]) => async (stage: Stage) => {
  for (const wire of wiresOf(stage)) wire.hold()
  return () => {
    for (const wire of wiresOf(stage)) {
      wire.cut()
      wire.heal()
    }
  }
}

/** Nothing passes for a while; then what was held arrives, late. */
const held = (wiresOf: (stage: Stage) => Wire[]) => async (stage: Stage) => {
  for (const wire of wiresOf(stage)) wire.hold()
  return () => {
    for (const wire of wiresOf(stage)) wire.heal()
  }
}

const moved = (which: 'centre' | 'gateway', offsetS: number) => async (stage: Stage) => {
  stage.clocks[which]?.set(offsetS)
  return () => stage.clocks[which]?.set(0)
}

const full =
  (which: 'centre' | 'gateway') =>
  async ({ disks }: Stage) => {
    if (typeof disks === 'string') throw new Error(disks)
    await disks[which].fill()
    return () => disks[which].heal()
  }

const uplinks = ({ wires }: Stage) => [wires.uplinkA, wires.uplinkB]
const allToCentre = ({ wires }: Stage) => [wires.uplinkA, wires.uplinkB, wires.plain]
const databaseWire = ({ wires }: Stage) => (wires.database === undefined ? [] : [wires.database])
const server = ({ wires }: Stage) =>
  wires.database === undefined ? 'the embedded database has no line that could be cut' : undefined
const noDisks = ({ disks }: Stage) => (typeof disks === 'string' ? disks : undefined)
const brokerThere = ({ broker }: Stage) => (broker === undefined ? 'mosquitto is not installed' : undefined)
const brokerOf = ({ broker }: Stage): Part => {
  if (broker === undefined) throw new Error('mosquitto is not installed')
  return broker
}

/** `scale` stretches the long ones: minutes of the soak. */
export function faultsFor(scale: number): Fault[] {
  const long = (share: number): readonly [number, number] => [4, Math.max(5, scale * share)]
  return [
    { name: 'gateway killed', part: 'GW-A', lastsS: [1, 6], begin: killed(({ gatewayA }) => gatewayA) },
    {
      ...{ name: 'second gateway killed', part: 'GW-B', lastsS: [1, 6], missing: brokerThere },
      begin: killed(({ gatewayB }) => gatewayB),
    },
    { name: 'platform killed', part: 'centre', lastsS: [0, 6], begin: killed(({ platform }) => platform) },
    { name: 'gateway frozen', part: 'GW-A', lastsS: [2, 40], begin: frozen(({ gatewayA }) => gatewayA) },
    { name: 'platform frozen', part: 'centre', lastsS: [2, 30], begin: frozen(({ platform }) => platform) },
    { name: 'uplinks cut', part: 'uplinks', lastsS: [2, 10], begin: refused(uplinks) },
    { name: 'uplinks cut for long', part: 'uplinks', lastsS: long(6), begin: refused(uplinks) },
    { name: 'all lines to the centre cut', part: 'uplinks', lastsS: [2, 15], begin: refused(allToCentre) },
    {
      name: 'all lines to the centre half open',
      part: 'uplinks',
      lastsS: [3, 45],
      begin: halfOpen(allToCentre),
    },
    { name: 'all lines to the centre held up', part: 'uplinks', lastsS: [3, 25], begin: held(allToCentre) },
    {
      ...{ name: 'uplinks slow', part: 'uplinks', lastsS: [3, 40] },
      begin: async (stage) => {
        for (const wire of uplinks(stage)) wire.slow({ bytesPerS: 16_000, delayMs: 300 })
        return () => {
          for (const wire of uplinks(stage)) wire.heal()
        }
      },
    },
    {
      ...{ name: 'uplinks flapping', part: 'uplinks', lastsS: [3, 20] },
      begin: async (stage) => {
        const flap = setInterval(() => {
          for (const wire of uplinks(stage)) wire.cut()
        }, 700)
        return () => clearInterval(flap)
      },
    },
    {
      ...{ name: 'field lines half open', part: 'field', lastsS: [2, 20] },
      begin: halfOpen(({ wires }) => [wires.field, wires.broker]),
    },
    {
      ...{ name: 'devices come and go', part: 'field', lastsS: [2, 20] },
      begin: async ({ devices }) => {
        let next = 0
        const cut = setInterval(() => devices[next++ % devices.length]?.cut(), 150)
        return () => clearInterval(cut)
      },
    },
    {
      ...{ name: 'foreign broker restarted', part: 'mosquitto', lastsS: [0, 10], missing: brokerThere },
      begin: killed(brokerOf, 'SIGTERM'),
    },
    {
      ...{ name: 'database gone', part: 'database', lastsS: [3, 20], missing: server },
      begin: refused(databaseWire),
    },
    {
      ...{ name: 'database gone for long', part: 'database', lastsS: long(10), missing: server },
      begin: refused(databaseWire),
    },
    {
      ...{ name: 'database half open', part: 'database', lastsS: [3, 30], missing: server },
      begin: halfOpen(databaseWire),
    },
    {
      ...{ name: 'gateway disk full', part: 'GW-A disk', lastsS: [3, 30], missing: noDisks },
      begin: full('gateway'),
    },
    {
      ...{ name: 'centre disk full', part: 'centre disk', lastsS: [3, 30], missing: noDisks },
      begin: full('centre'),
    },
    ...(['gateway', 'centre'] as const).flatMap((which) =>
      [-3_600, 3_600].map((offsetS) => ({
        name: `${which} clock jumps an hour ${offsetS < 0 ? 'back' : 'ahead'}`,
        part: `${which} clock`,
        lastsS: [4, 40] as const,
        missing: () => noMovedClocks,
        begin: moved(which, offsetS),
      })),
    ),
  ]
}
