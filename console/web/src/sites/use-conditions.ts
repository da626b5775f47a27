import { useSyncExternalStore } from 'react'
import { conditionOf, type SiteCondition } from '../live/freshness.ts'
import { live } from '../live/hooks.ts'

let conditions: ReadonlyMap<string, SiteCondition> = new Map()
let judgedMs = -1

/** The condition of every site, judged once a second for all who ask; the same map while nothing changed. */
export function currentConditions(): ReadonlyMap<string, SiteCondition> {
  const nowMs = live.second()
  const state = live.state()
  if (nowMs === judgedMs && conditions.size === state.sites.size) return conditions
  // While the page itself hears nothing, the silence is its own: no site is blamed for it.
  if (live.connection().kind !== 'live' && conditions.size === state.sites.size) return conditions
  judgedMs = nowMs
  const next = new Map<string, SiteCondition>()
  let changed = conditions.size !== state.sites.size
  for (const site of state.sites.values()) {
    const condition = conditionOf(site, state, nowMs)
    next.set(site.id, condition)
    changed ||= conditions.get(site.id) !== condition
  }
  if (changed) conditions = next
  return conditions
}

function subscribe(listener: () => void): () => void {
  const offTick = live.subscribeTick(listener)
  const offChange = live.subscribe(listener)
  return () => {
    offTick()
    offChange()
  }
}

export const useConditions = (): ReadonlyMap<string, SiteCondition> =>
  useSyncExternalStore(subscribe, currentConditions)

export function useSilentCount(): number {
  return useSyncExternalStore(subscribe, () => {
    let count = 0
    for (const condition of currentConditions().values()) if (condition === 'silent') count++
    return count
  })
}
