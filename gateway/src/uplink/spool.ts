import { join } from 'node:path'
import type { GatewayStatus } from '@farwatch/model'
import {
  type Clock,
  type FileJournalOptions,
  type JournalBounds,
  type Logger,
  openJournal,
} from '@farwatch/runtime'
import { openAnswered } from './answered.ts'
import { createBatcher, type StampedReading } from './batcher.ts'
import { openMarker } from './copying.ts'
import { lossIn } from './gone.ts'
import type { Identity } from './identity.ts'
import { openLosses } from './losses.ts'
import { startUplink } from './uplink.ts'
import type { Lane } from './window.ts'

export interface SpoolOptions {
  readonly gateway: string
  readonly identity: Identity
  /** `mqtt://host:port` or `mqtts://…` of the centre. */
  readonly url: string
  readonly password: string
  /** Folder below which the journal and what belongs to it lie. */
  readonly home: string
  readonly clock: Clock
  readonly log: Logger
  readonly lingerMs?: number
  /** Whether a reading goes at once instead of waiting for others. */
  readonly isUrgent?: (reading: StampedReading) => boolean
  /** What backfill may take of the line; default 4 MiB/s. */
  readonly bytesPerSecond?: number
  /** Beyond these the oldest batches go, their loss declared before. Default 4 GiB, of any age. */
  readonly bounds?: { readonly bytes: number; readonly ageMs?: number }
  readonly segmentBytes?: number
  /** The journal's disk; a test's own. */
  readonly files?: FileJournalOptions['files']
  readonly links: () => GatewayStatus['links']
}

const defaultBytesPerSecond = 4 * 1024 ** 2

type BeforeDrop = Extract<JournalBounds, { whenFull: 'drop-oldest' }>['beforeDrop']

export type Spool = Awaited<ReturnType<typeof openSpool>>

/** Store and forward: readings go into batches on disk, batches to the centre, and what is lost is declared. */
export async function openSpool(options: SpoolOptions) {
  const { gateway, url, password, home, clock, log } = options
  const { key, rotations } = options.identity
  const folder = join(home, 'journal')
  const { promise: opened, resolve: giveUp, reject: refuse } = Promise.withResolvers<BeforeDrop>()
  opened.catch(() => undefined)
  const journal = await openJournal({
    ...{ folder, log, clock, segmentBytes: options.segmentBytes, files: options.files },
    bounds: {
      ...(options.bounds ?? { bytes: 4 * 1024 ** 3 }),
      whenFull: 'drop-oldest',
      beforeDrop: async (loss) => (await opened)(loss),
    },
  })
  try {
    const answered = await openAnswered({ journal, folder, clock, log })
    const losses = await openLosses({ gateway, key, folder: home, clock, log })
    const marker = await openMarker(folder)
    const batcher = await createBatcher({ ...options, key, journal, answered, marker })
    const uplink = await startUplink({
      ...{ gateway, url, password, journal, answered, losses, clock, log, ended: marker.ended },
      bytesPerSecond: options.bytesPerSecond ?? defaultBytesPerSecond,
      reseal: (from) => batcher.reseal(from),
      status: () => ({ publicKey: key.publicKey, rotations: [...rotations], links: options.links() }),
    })
    /** What has no answer is declared lost, durably, before it goes. */
    giveUp(({ from, to, reason }) =>
      uplink.without(to + 1, async () => {
        for (const range of answered.missing({ from, until: to + 1 }))
          await losses.declare(await lossIn(journal, range, reason))
        answered.add({ from, until: to + 1 })
        await answered.save()
      }),
    )
    return {
      journal,
      /** Resolves when the readings are on disk. */
      add: (readings: readonly StampedReading[]) => batcher.add(readings),
      nudge: () => uplink.nudge(),
      /** Batches that wait for their receipt. */
      waiting: () => answered.waiting(),
      lane: (name: Lane) => uplink.lane(name),
      /** Batches and readings declared lost, ever. */
      lost: () => losses.total,
      /** Stores what waits, lets go of the line, closes the journal. Each step is taken whatever became of the one before. */
      async stop(): Promise<void> {
        const ended = await Promise.allSettled([batcher.stop()])
        ended.push(...(await Promise.allSettled([uplink.stop()])))
        ended.push(...(await Promise.allSettled([answered.close()])))
        ended.push(...(await Promise.allSettled([journal.close()])))
        for (const one of ended) if (one.status === 'rejected') throw one.reason
      },
    }
  } catch (error) {
    refuse(error)
    await journal.close()
    throw error
  }
}
