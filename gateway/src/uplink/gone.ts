import { batchHash } from '@farwatch/evidence'
import { decodeBatch, type LossDeclaration } from '@farwatch/model'
import type { Journal } from '@farwatch/runtime'
import { defined, type Loss } from './losses.ts'
import type { Range } from './ranges.ts'
import { headerOf } from './window.ts'

interface Known {
  readonly chain: string
  /** Journal position before the chain's first batch. */
  readonly base: number
  readonly seq: number
  readonly prev: Uint8Array
  readonly hash: Uint8Array
  readonly readings: number
  readonly madeMs: number
}

interface Run {
  readonly chain: string
  readonly base: number
  readonly from: number
  until: number
  /** Undefined once a batch in it cannot be read. */
  readings: number | undefined
  first: Known | undefined
  last: Known | undefined
}

/**
 * What is lost when these positions of a gateway's journal go: one loss for each chain that has batches there, as exact
 * as the journal can still tell. Damaged batches get their place from what stands around them.
 */
export async function lossIn(
  journal: Journal,
  { from, until }: Range,
  reason: LossDeclaration['reason'],
): Promise<Loss[]> {
  const before = await batchAt(journal, from - 1)
  const after = await batchAt(journal, until)
  const runs: Run[] = []
  /** Where unreadable positions began whose chain is not known yet. */
  let unplaced: number | undefined
  const enter = (position: number, known: Known | undefined) => {
    const chain = known ?? runs.at(-1) ?? before ?? after
    if (chain === undefined || chain.base >= position) {
      unplaced ??= position
      return
    }
    const start = Math.max(unplaced ?? position, chain.base + 1)
    unplaced = undefined
    let run = runs.at(-1)
    if (run?.chain !== chain.chain) {
      const isWhole = start === position && known !== undefined
      run = {
        ...{ chain: chain.chain, base: chain.base, from: start, until: position },
        ...{ readings: isWhole ? 0 : undefined, first: isWhole ? known : undefined, last: undefined },
      }
      runs.push(run)
    }
    run.until = position + 1
    run.last = known
    if (known === undefined || run.readings === undefined) run.readings = undefined
    else run.readings += known.readings
  }
  for (let next = from; next < until; ) {
    const entries = (await journal.read(next)).filter(({ position }) => position < until)
    // What the journal does not have any more is as unreadable as what is damaged.
    for (const end = entries[0]?.position ?? until; next < end; next++) enter(next, undefined)
    for (const { position, payload } of entries) {
      enter(position, payload === undefined ? undefined : knownOf(position, payload))
      next = position + 1
    }
  }
  return runs.map(({ chain, base, readings, first, last, ...range }, i) => {
    const preceding = i === 0 && before?.chain === chain ? before.hash : undefined
    const following = i === runs.length - 1 && after?.chain === chain ? after.prev : undefined
    return defined<Loss>({
      ...{ chain, reason, readings, from: range.from - base, to: range.until - 1 - base },
      ...{ prev: first?.prev ?? preceding, last: last?.hash ?? following },
      ...{ firstMadeMs: first?.madeMs, lastMadeMs: last?.madeMs },
    })
  })
}

async function batchAt(journal: Journal, position: number): Promise<Known | undefined> {
  if (position < journal.first) return undefined
  const entry = (await journal.read(position, { records: 1 }))[0]
  if (entry?.payload === undefined || entry.position !== position) return undefined
  return knownOf(position, entry.payload)
}

function knownOf(position: number, payload: Uint8Array): Known {
  const { chain, seq, prev, readings, madeMs } = headerOf(payload)
  const hash = batchHash(decodeBatch(payload))
  return { chain, base: position - seq, seq, prev, hash, readings, madeMs }
}
