import type { Leg, Said } from './cell.ts'

/** A time that a condition was set, as it said itself; `back` undefined: it still is. */
export interface Episode {
  readonly set: Said
  readonly back: Said | undefined
}

/** What late readings have changed about the episodes of one condition. */
export type Change =
  | { readonly kind: 'withdraw'; readonly before: Episode }
  | { readonly kind: 'amend'; readonly before: Episode; readonly after: Episode }
  | { readonly kind: 'find'; readonly after: Episode }

export function episodesIn(legs: readonly Leg[]): Episode[] {
  return pair(legs.flatMap(({ said }) => said))
}

/** A return at the beginning belongs to an episode that is no longer known. */
export function pair(said: readonly Said[]): Episode[] {
  return said.flatMap((set, i) => (set.kind === 'set' ? [{ set, back: said[i + 1] }] : []))
}

/** What makes the one out of the other: first what is withdrawn, so that never two are open. */
export function changesBetween(before: readonly Episode[], after: readonly Episode[]): Change[] {
  const gone = before.filter((one) => !after.some((other) => isSame(one, other)))
  const withdrawn = new Set(gone)
  const changes: Change[] = []
  for (const episode of after) {
    const same = before.find((one) => isSame(one, episode))
    if (same !== undefined) {
      episode.set.alert = same.set.alert
      continue
    }
    const old = gone.find((one) => withdrawn.has(one) && overlap(one, episode))
    if (old === undefined) changes.push({ kind: 'find', after: episode })
    else {
      withdrawn.delete(old)
      episode.set.alert = old.set.alert
      changes.push({ kind: 'amend', before: old, after: episode })
    }
  }
  return [...[...withdrawn].map((one) => ({ kind: 'withdraw' as const, before: one })), ...changes]
}

function isSame(a: Episode, b: Episode): boolean {
  return a.set.atMs === b.set.atMs && a.back?.atMs === b.back?.atMs && a.back?.worst === b.back?.worst
}

function overlap(a: Episode, b: Episode): boolean {
  const endOf = ({ back }: Episode) => back?.atMs ?? Infinity
  return a.set.atMs === b.set.atMs || (a.set.atMs < endOf(b) && b.set.atMs < endOf(a))
}
