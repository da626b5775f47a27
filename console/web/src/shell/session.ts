import type { Action } from '@farwatch/model'
import { useSyncExternalStore } from 'react'

/** What whoever sits here may do somewhere; empty until the centre has said so. Every right is the centre's to judge. */
let may: ReadonlySet<Action> = new Set()
let asked = false
const listeners = new Set<() => void>()

async function ask(): Promise<void> {
  const response = await fetch('/api/session').catch(() => undefined)
  if (response?.ok !== true) return
  const { actions } = (await response.json()) as { actions: readonly Action[] }
  may = new Set(actions)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  if (!asked) {
    asked = true
    void ask()
  }
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useMay(): ReadonlySet<Action> {
  return useSyncExternalStore(subscribe, () => may)
}
