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

/**
 * What makes the one out of the other: first what is withdrawn, so that never two are open. An episode that is otherwise now
 * is the one that set at the time that was told of it, or else at the same time, or else in some of the same time. What was
 * told of an episode goes over to it.
 */
export function changesBetween(before: readonly Episode[], after: readonly Episode[]): Change[] {
  const gone = new Set(before)
  const olds = new Map<Episode, Episode>()
  const match = (isIt: (old: Episode, now: Episode) => boolean) => {
    for (const now of after) {
      if (olds.has(now)) continue
      const old = [...gone].find((one) => isIt(one, now))
      if (old === undefined) continue
      gone.delete(old)
      olds.set(now, old)
      now.set.told = old.set.told
    }
  }
  match(isSame)
  match((old, now) => old.set.told?.atMs === now.set.atMs)
  match((old, now) => old.set.atMs === now.set.atMs)
  match(overlap)
  const changes = after.flatMap((now): Change[] => {
    const old = olds.get(now)
    if (old === undefined) return [{ kind: 'find', after: now }]
    return isSame(old, now) ? [] : [{ kind: 'amend', before: old, after: now }]
  })
  return [...[...gone].map((old) => ({ kind: 'withdraw' as const, before: old })), ...changes]
}

function isSame(a: Episode, b: Episode): boolean {
  return a.set.atMs === b.set.atMs && a.back?.atMs === b.back?.atMs && a.back?.worst === b.back?.worst
}

function overlap(a: Episode, b: Episode): boolean {
  const endOf = ({ back }: Episode) => back?.atMs ?? Infinity
  return a.set.atMs < endOf(b) && b.set.atMs < endOf(a)
}
