/** Consecutive entries of a chain, or a hole whose loss was declared: hashes where they are known. */
export interface Stretch {
  readonly from: number
  readonly to: number
  /** `prev` of the first entry. */
  readonly prev: Uint8Array | undefined
  /** Hash of the last entry. */
  readonly last: Uint8Array | undefined
}

/**
 * Which entries of one chain are there, however they come: stretches without a hole, merged where they meet. Holds as many
 * stretches as there are holes.
 */
export class ChainCover {
  #stretches: Stretch[] = []

  /** Takes in an entry. `broken`: it is taken, but `prev` and hash do not fit where it meets another; `repeated`: its place is taken. */
  add(entry: Stretch): 'fits' | 'broken' | 'repeated' {
    const { from, to } = entry
    const all = this.#stretches
    // Entries mostly come in order: from the end is near.
    let at = all.length
    while (at > 0 && all[at - 1]!.from > to) at--
    const before = all[at - 1]
    if (before !== undefined && before.to >= from) return 'repeated'
    const after = all[at]
    const left = before?.to === from - 1 ? before : undefined
    const right = after?.from === to + 1 ? after : undefined
    const fits = meets(left?.last, entry.prev) && meets(entry.last, right?.prev)
    const first = left ?? entry
    const last = right ?? entry
    const merged = { from: first.from, to: last.to, prev: first.prev, last: last.last }
    all.splice(left ? at - 1 : at, (left ? 1 : 0) + (right ? 1 : 0), merged)
    return fits ? 'fits' : 'broken'
  }

  get stretches(): readonly Stretch[] {
    return this.#stretches
  }

  /** What is missing between the first and the last entry. */
  get holes(): readonly { readonly from: number; readonly to: number }[] {
    return this.#stretches.slice(1).map(({ from }, i) => ({ from: this.#stretches[i]!.to + 1, to: from - 1 }))
  }
}

function meets(hash: Uint8Array | undefined, prev: Uint8Array | undefined): boolean {
  return hash === undefined || prev === undefined || Buffer.compare(hash, prev) === 0
}
