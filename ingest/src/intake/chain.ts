import { noHash } from '@farwatch/evidence'
import type { BatchHeader, LossDeclaration } from '@farwatch/model'

/** At most this many ranges of batches without a hole between them; one more batch that would begin a range is not taken. */
export const maxIslands = 64
/** Declared losses whose place is remembered; what an older one stood for only the ledger tells. */
const maxDeclared = 256

/**
 * Sequences without a batch. What stands between two of these is an island; its first batch's `prev` and its last
 * batch's hash are the `last` and the `prev` of the gaps around it.
 */
export interface Gap {
  readonly from: number
  readonly to: number
  /** Hash of the batch before `from`; undefined: not known, so whatever comes there fits. */
  readonly prev: Uint8Array | undefined
  /** Hash that the batch `to` must have; undefined as above. */
  readonly last: Uint8Array | undefined
  /** Its gateway has declared it lost; a batch that comes after all is taken all the same. */
  readonly declared: boolean
}

export interface ChainState {
  /** The last sequence that is stored or declared lost, and its hash where that is known. */
  readonly end: number
  readonly hash: Uint8Array | undefined
  /** In order, apart from one another unless one of two neighbours is declared. */
  readonly gaps: readonly Gap[]
}

export type Fit =
  /** It has its place: the next one, ahead of a hole, or inside one. */
  | { readonly fit: 'new' }
  /** There has been a batch in its place. */
  | { readonly fit: 'past' }
  | { readonly fit: 'forked'; readonly reason: string }
  /** One island too many; `expected` begins the hole before it. */
  | { readonly fit: 'too-many-islands'; readonly expected: number }

type Link = Pick<BatchHeader, 'seq' | 'prev'>
type Loss = Pick<LossDeclaration, 'from' | 'to' | 'prev' | 'last'>

/** One chain of a gateway: which batches are there, and how what comes must fit to them. Pure state, nothing of it waits. */
export class Chain {
  #end: number
  #hash: Uint8Array | undefined
  #gaps: readonly Gap[]

  constructor(state: ChainState = { end: 0, hash: noHash, gaps: [] }) {
    this.#end = state.end
    this.#hash = state.hash
    this.#gaps = state.gaps
  }

  /** The last sequence that is stored or declared lost. */
  get end(): number {
    return this.#end
  }

  get state(): ChainState {
    return { end: this.#end, hash: this.#hash, gaps: this.#gaps }
  }

  /** Gaps that nobody has explained. */
  get holes(): readonly Gap[] {
    return this.#gaps.filter(({ declared }) => !declared)
  }

  /** The last batch whose hash is known, and where the range without a gap begins that it ends; undefined where there is none. */
  get head(): { readonly from: number; readonly seq: number; readonly hash: Uint8Array } | undefined {
    const last = this.#gaps.at(-1)
    const endsInGap = this.#hash === undefined && last?.to === this.#end
    const [seq, hash] = endsInGap ? [last.from - 1, last.prev] : [this.#end, this.#hash]
    if (seq === 0 || hash === undefined) return undefined
    const before = this.#gaps.findLast(({ to }) => to < seq)
    return { from: (before?.to ?? 0) + 1, seq, hash }
  }

  /** How a batch fits whose signature is good. */
  judge({ seq, prev }: Link, hash: Uint8Array): Fit {
    if (seq > this.#end) {
      if (seq === this.#end + 1) return differ(prev, this.#hash) ? brokenLink : fits
      return this.#room(1) ? fits : { fit: 'too-many-islands', expected: this.#end + 1 }
    }
    const gap = this.#gapAt(seq)
    if (gap === undefined) return { fit: 'past' }
    const { from, to, declared } = gap
    if (seq === from && differ(prev, gap.prev)) return brokenLink
    if (seq === to && differ(hash, gap.last)) return brokenLinkBehind
    const splits = !declared && seq > from && seq < to
    return splits && !this.#room(1) ? { fit: 'too-many-islands', expected: from } : fits
  }

  /** Puts a batch in that fits; one whose place is taken changes nothing. Returns the hole before it if that is new. */
  take(link: Link, hash: Uint8Array): Gap | undefined {
    const { seq, prev } = link
    let hole: Gap | undefined
    if (seq > this.#end) {
      const before = { from: this.#end + 1, to: seq - 1, prev: this.#hash, last: prev, declared: false }
      if (before.from <= before.to) hole = before
      if (hole !== undefined) this.#gaps = [...this.#gaps, hole]
      this.#end = seq
    } else {
      const gap = this.#gapAt(seq)
      if (gap === undefined) return undefined
      const parts = around(gap, link, hash)
      this.#gaps = bounded(this.#gaps.flatMap((one) => (one === gap ? parts : [one])))
      if (parts.length === 2 && !gap.declared) hole = parts[0]
    }
    if (seq === this.#end) this.#hash = hash
    if (this.#gaps.length > 0) this.#gaps = this.#gaps.map((gap) => withEdges(gap, link, hash))
    return hole
  }

  /** Whether a declaration changes anything: false when all of it is stored or declared already. */
  isNews({ from, to }: Loss): boolean {
    return to > this.#end || this.holes.some((hole) => hole.from <= to && hole.to >= from)
  }

  /** Whether there is room for the holes that a declaration leaves around itself. */
  admits(loss: Loss): boolean {
    const more = this.#with(loss).filter(({ declared }) => !declared).length - this.holes.length
    return more <= 0 || this.#room(more)
  }

  /** Bridges what is missing of a range. */
  declare(loss: Loss): void {
    this.#gaps = bounded(joined(this.#with(loss)))
    if (loss.to <= this.#end) return
    this.#end = loss.to
    this.#hash = loss.last
  }

  /** What the hash of a batch is or must be; `filed`: it is stored, and not known here. */
  hashAt(seq: number): Uint8Array | undefined | 'filed' {
    if (seq === 0) return noHash
    if (seq === this.#end) return this.#hash
    const after = this.#gaps.find(({ from }) => from === seq + 1)
    if (after?.prev !== undefined) return after.prev
    const within = this.#gapAt(seq)
    if (within !== undefined) return within.to === seq ? within.last : undefined
    return seq < this.#end ? 'filed' : undefined
  }

  #with(loss: Loss): Gap[] {
    const gaps = this.#gaps.flatMap((gap) =>
      gap.declared || gap.from > loss.to || gap.to < loss.from ? [gap] : split(gap, loss),
    )
    if (loss.to <= this.#end) return gaps
    const ahead = { from: this.#end + 1, to: loss.to, prev: this.#hash, last: loss.last, declared: false }
    return [...gaps, ...split(ahead, loss)]
  }

  #gapAt(seq: number): Gap | undefined {
    return this.#gaps.find(({ from, to }) => from <= seq && seq <= to)
  }

  #room(more: number): boolean {
    let holes = 0
    for (const { declared } of this.#gaps) if (!declared) holes++
    return holes + more < maxIslands
  }
}

const fits: Fit = { fit: 'new' }
const brokenLink: Fit = { fit: 'forked', reason: 'its previous hash is not that of the batch before it' }
const brokenLinkBehind: Fit = { fit: 'forked', reason: 'the batch behind it names another one before it' }

function differ(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) !== 0
}

/** What is left of a gap around a batch that came. */
function around(gap: Gap, { seq, prev }: Link, hash: Uint8Array): Gap[] {
  const before = { ...gap, to: seq - 1, last: prev }
  const behind = { ...gap, from: seq + 1, prev: hash }
  return [before, behind].filter(({ from, to }) => from <= to)
}

/** A gap beside a batch that came knows its edge from then on, though it was declared without. */
function withEdges(gap: Gap, { seq, prev }: Link, hash: Uint8Array): Gap {
  if (gap.from === seq + 1 && gap.prev === undefined) return { ...gap, prev: hash }
  if (gap.to === seq - 1 && gap.last === undefined) return { ...gap, last: prev }
  return gap
}

/** A hole of which a declaration explains a part, with what it says about the hashes at its edges. */
function split(hole: Gap, loss: Loss): Gap[] {
  const from = Math.max(hole.from, loss.from)
  const to = Math.min(hole.to, loss.to)
  const prev = from === loss.from ? loss.prev : undefined
  const last = to === loss.to ? loss.last : undefined
  return [
    { ...hole, to: from - 1, last: prev },
    {
      ...{ from, to, declared: true },
      prev: from === hole.from ? (hole.prev ?? prev) : prev,
      last: to === hole.to ? (hole.last ?? last) : last,
    },
    { ...hole, from: to + 1, prev: last },
  ].filter((part) => part.from <= part.to)
}

/** Declared gaps that touch become one: a full disk declares again and again what follows. */
function joined(gaps: readonly Gap[]): Gap[] {
  const all: Gap[] = []
  for (const gap of gaps) {
    const before = all.at(-1)
    if (before?.declared && gap.declared && before.to + 1 === gap.from) {
      all[all.length - 1] = { ...gap, from: before.from, prev: before.prev }
    } else all.push(gap)
  }
  return all
}

function bounded(gaps: readonly Gap[]): readonly Gap[] {
  let tooMany = gaps.length - maxDeclared - maxIslands
  return tooMany <= 0 ? gaps : gaps.filter(({ declared }) => !declared || tooMany-- <= 0)
}
