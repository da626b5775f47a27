/** A heartbeat comes each second; three missed are no accident. */
export const behindAfterMs = 3_500

export type Connection =
  /** Nothing has been shown yet. */
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** The socket stands, but nothing comes, or a new snapshot is awaited. */
  | { readonly kind: 'behind'; readonly sinceMs: number }
  | { readonly kind: 'disconnected'; readonly sinceMs: number }

/** What to tell the person in front of the page. Local times, Unix ms. */
export function connectionOf(facts: {
  readonly connected: boolean
  /** When the last snapshot or applied delta came; undefined before the first. */
  readonly lastMs: number | undefined
  readonly nowMs: number
}): Connection {
  const { connected, lastMs, nowMs } = facts
  if (lastMs === undefined) return { kind: 'connecting' }
  if (!connected) return { kind: 'disconnected', sinceMs: lastMs }
  return nowMs - lastMs > behindAfterMs ? { kind: 'behind', sinceMs: lastMs } : { kind: 'live' }
}
