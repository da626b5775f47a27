import type { AcknowledgeOutcome } from '@farwatch/model'
import { useSyncExternalStore } from 'react'
import { live } from '../live/hooks.ts'
import { session } from '../session/session.ts'

/** An answer takes one fsync at the centre; ten seconds without it is a failure the operator must see. */
const timeoutMs = 10_000

export type Act =
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly reason: 'network' | 'unknown' | 'refused'; readonly detail: string }

let acts: ReadonlyMap<string, Act> = new Map()
const listeners = new Set<() => void>()

function setAct(id: string, act: Act | undefined): void {
  const next = new Map(acts)
  if (act === undefined) next.delete(id)
  else next.set(id, act)
  acts = next
  for (const listener of listeners) listener()
}

/** What this page is doing about an alert, if anything: pending until the centre has answered, never assumed done. */
export function useAct(id: string): Act | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => acts.get(id),
  )
}

/** Never throws: a failure stays visible on the alert until the next try. */
export async function acknowledge(id: string, by: string): Promise<void> {
  if (acts.get(id)?.kind === 'pending') return
  setAct(id, { kind: 'pending' })
  let response: Response
  try {
    response = await fetch(`/api/alerts/${encodeURIComponent(id)}/acknowledge`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by }),
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch {
    setAct(id, { kind: 'failed', reason: 'network', detail: '' })
    return
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) {
    if (response.status === 401) void session.refresh()
    const detail = problemOf(body) || String(response.status)
    setAct(id, { kind: 'failed', reason: response.status === 404 ? 'unknown' : 'refused', detail })
    return
  }
  const outcome = body as AcknowledgeOutcome | undefined
  if (outcome === undefined || outcome.outcome === 'unknown') {
    setAct(id, { kind: 'failed', reason: 'unknown', detail: '' })
    return
  }
  live.takeAlert(outcome.alert)
  setAct(id, undefined)
}

/** The sentence of an RFC 9457 problem. */
function problemOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return ''
  const { detail, title } = body as { detail?: unknown; title?: unknown }
  return typeof detail === 'string' ? detail : typeof title === 'string' ? title : ''
}
