import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batchHash, generateKeyPem, noHash, sealBatch, signingKey } from '@farwatch/evidence'
import { encodeBatch, type Series } from '@farwatch/model'
import { type Clock, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { onTestFinished } from 'vitest'
import { openAnswered } from './answered.ts'

export const testKey = signingKey(generateKeyPem())

/** One reading of S/d/m whose value is its time in milliseconds. */
export function seriesOf(...timesMs: number[]): Series {
  return {
    ...{ point: 'S/d/m', timeSource: 'device' },
    timesMs: Float64Array.from(timesMs),
    values: Float64Array.from(timesMs),
    qualities: new Uint16Array(timesMs.length),
  }
}

/** Sealed batches `from`, `from` + 1 … of a chain, each with one reading whose time is its sequence. */
export function sealedChain(chain: string, count: number, prev: Uint8Array = noHash): Uint8Array[] {
  const batches: Uint8Array[] = []
  for (let seq = 1; seq <= count; seq++) {
    const place = { gateway: 'GW-1', chain, boot: chain, seq, prev, madeMs: seq * 1_000, monotonicMs: seq }
    const batch = sealBatch([seriesOf(seq)], place, testKey)
    batches.push(encodeBatch(batch))
    prev = batchHash(batch)
  }
  return batches
}

/** A folder that goes with the test. */
export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `farwatch-${name}-`))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A journal with these records and its answers, closed with the test. */
export async function journalWith(records: readonly Uint8Array[], segmentBytes?: number) {
  const folder = await temporaryFolder('spool')
  const journal = await openJournal({ folder, log: silentLog, segmentBytes })
  onTestFinished(() => journal.close())
  await Promise.all(records.map((record) => journal.append(record)))
  const answered = await openAnswered({ journal, folder, clock: systemClock, log: silentLog })
  return { folder, journal, answered }
}

/** A clock whose time only the test moves. */
export function steppedClock(): Clock & { step(ms: number): void } {
  let nowMs = 0
  const waits = new Set<{ atMs: number; wake: () => void }>()
  const after = (ms: number, work: () => void) => {
    const wait = { atMs: nowMs + ms, wake: work }
    waits.add(wait)
    return () => void waits.delete(wait)
  }
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const cancel = after(ms, resolve)
        signal?.addEventListener('abort', () => {
          cancel()
          reject(signal.reason)
        })
      }),
    after,
    every: (ms, work) => {
      let cancel = after(ms, function again() {
        cancel = after(ms, again)
        work()
      })
      return () => cancel()
    },
    step(ms) {
      nowMs += ms
      for (const wait of [...waits])
        if (wait.atMs <= nowMs) {
          waits.delete(wait)
          wait.wake()
        }
    },
  }
}
