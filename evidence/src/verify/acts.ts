import { type ActEntry, actOf, openAct } from '../act-entry.ts'
import type { AnchorCheck } from '../anchor/record.ts'
import { noHash } from '../batch.ts'
import type { Entry } from '../chain.ts'
import { ChainCover } from '../chain-cover.ts'
import { verifySign1Aside } from '../cose.ts'
import type { Original } from '../export/exporter.ts'
import { centreName } from '../key-log.ts'
import type { VerifyingKey } from '../keys.ts'

/** What can be wrong with an act, or with the log around it. */
export type ActFault =
  /** The signature does not match what it is said to sign. */
  | 'altered'
  /** Not signed by this centre, of another log, or in a place that is taken. */
  | 'added'
  | 'removed'
  | 'reordered'
  /** Signed, but not behind the act that stands before it. */
  | 'broken'
  | 'unreadable'
  /** The disk does not give it back any more. */
  | 'damaged'
  /** The anchored act was another one, or of another log. */
  | 'anchor-contradicted'
  /** The log was longer when it was anchored. */
  | 'anchor-beyond'

export interface ActFinding {
  readonly fault: ActFault
  readonly seq: number
  /** Last of a range that begins with `seq`. */
  readonly toSeq?: number
  /** When it was done, as far as the entry still says so: Unix ms. */
  readonly atMs?: number
  /** Who did what to what, as far as the entry still says so; or the day of an anchor. */
  readonly detail?: string
}

/** What is proven of a log of acts, or of the stretch of it that was shown. */
export interface ActsProof {
  readonly acts: number
  readonly chain: string | undefined
  readonly from: number
  readonly to: number
  /** The newest anchor that covers acts shown: all up to `seq` existed on that day. */
  readonly anchored: { readonly seq: number; readonly day: string } | undefined
}

export interface ActsTrust {
  /** Of the centre: all it ever had. */
  readonly keys: readonly VerifyingKey[]
  readonly anchors?: AnchorCheck
  readonly onFinding: (finding: ActFinding) => void
}

/** Judges a log of acts as its entries come by, in the order in which they stand. */
export class ActsCheck {
  readonly #trust: ActsTrust
  readonly #cover = new ChainCover()
  #chain: string | undefined
  #next: number
  #newest = 0
  #acts = 0

  /** `from`: the sequence number that must come first. */
  constructor(trust: ActsTrust, from = 1) {
    this.#trust = trust
    this.#next = from
  }

  /** Signatures are verified on the thread pool, those of one call side by side. Returns those that are sound. */
  async take(entries: readonly Original[]): Promise<ActEntry[]> {
    const opened = await Promise.all(entries.map((entry) => this.#open(entry)))
    return opened.flatMap((one) => (this.#judge(one) && 'entry' in one ? [one.entry.body] : []))
  }

  async #open({ payload }: Original): Promise<Opened> {
    if (payload === undefined) return { fault: 'damaged' }
    let entry: Entry<ActEntry>
    try {
      entry = openAct(payload)
    } catch {
      return { fault: 'unreadable' }
    }
    const key = this.#trust.keys.find(({ keyId }) => keyId === entry.signed.keyId)
    if (key === undefined) return { fault: 'added', body: entry.body, detail: `key ${entry.signed.keyId}` }
    return (await verifySign1Aside(entry.signed, key)) ? { entry } : { fault: 'altered', body: entry.body }
  }

  #judge(one: Opened): boolean {
    this.#acts++
    if (!('entry' in one)) {
      const { fault, body, detail } = one
      // What is not signed does not say where it stood.
      const seq = this.#next++
      this.#newest = Math.max(this.#newest, seq)
      this.#cover.add({ from: seq, to: seq, prev: undefined, last: undefined })
      this.#say(fault, seq, { body, detail })
      return false
    }
    const { body, hash } = one.entry
    const { seq, chain, prev } = body
    this.#chain ??= chain
    if (chain !== this.#chain) {
      this.#say('added', seq, { body, detail: `log ${chain}` })
      return false
    }
    this.#trust.anchors?.see({ kind: 'acts', owner: centreName, chain }, { seq, prev, hash })
    const place = this.#cover.add({ from: seq, to: seq, prev, last: hash })
    const isFalseFirst = seq === 1 && Buffer.compare(prev, noHash) !== 0
    if (place === 'repeated') this.#say('added', seq, { body })
    else if (seq < this.#newest) this.#say('reordered', seq, { body })
    else if (place === 'broken' || isFalseFirst) this.#say('broken', seq, { body })
    this.#next = seq + 1
    this.#newest = Math.max(this.#newest, seq)
    return place !== 'repeated'
  }

  #say(
    fault: ActFault,
    seq: number,
    { body, detail }: { body?: ActEntry | undefined; detail?: string | undefined },
  ) {
    const told = body === undefined ? undefined : [tellAct(body), detail].filter(Boolean).join(', ')
    this.#trust.onFinding({
      ...{ fault, seq },
      ...(body === undefined ? {} : { atMs: body.madeMs }),
      ...(told ? { detail: told } : {}),
    })
  }

  /** What is missing, and what the anchors say. `expected`: the stretch that must be here; from 1 on where it is left out. */
  finish(expected: { readonly from: number; readonly to?: number } = { from: 1 }): ActsProof {
    const { stretches, holes } = this.#cover
    const from = stretches[0]?.from ?? expected.from
    const to = stretches.at(-1)?.to ?? 0
    const last = expected.to ?? to
    const removed = (first: number, until: number) =>
      first <= until &&
      this.#trust.onFinding({ fault: 'removed', seq: first, ...(until > first ? { toSeq: until } : {}) })
    removed(expected.from, from - 1)
    for (const hole of holes) removed(hole.from, hole.to)
    removed(Math.max(to + 1, expected.from), last)
    return {
      acts: this.#acts,
      chain: this.#chain,
      from,
      to,
      anchored: this.#anchored(to, expected.to === undefined),
    }
  }

  #anchored(to: number, isWhole: boolean): ActsProof['anchored'] {
    let newest: ActsProof['anchored']
    for (const { anchor, head, says } of this.#trust.anchors?.witnesses() ?? []) {
      if (head.kind !== 'acts') continue
      const { seq } = head
      const { day } = anchor
      if (says === 'covered') newest = { seq, day }
      else if (says === 'rewritten' || (isWhole && this.#chain !== undefined && head.chain !== this.#chain))
        this.#trust.onFinding({ fault: 'anchor-contradicted', seq, detail: day })
      else if (isWhole && seq > to)
        this.#trust.onFinding({ fault: 'anchor-beyond', seq: to + 1, toSeq: seq, detail: day })
    }
    return newest
  }
}

type Opened =
  | { readonly entry: Entry<ActEntry> }
  | { readonly fault: ActFault; readonly body?: ActEntry; readonly detail?: string }

/** Who did what to what, in one line. */
function tellAct(entry: ActEntry): string {
  const act = actOf(entry)
  if (act === undefined) return ''
  const { actor, action, object } = act
  const who = actor.name === '' ? actor.account : `${actor.name} (${actor.account})`
  return `${who}: ${action}${object === null ? '' : ` ${object.kind} ${object.id}`}`
}
