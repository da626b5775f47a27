import type { StoredAnchor } from './store.ts'

export type DestinationKind = 'file' | 'webhook' | 'rfc3161'

/** A place outside that keeps anchors, or vouches for them, so that not even the centre can change them any more. */
export interface Destination {
  readonly kind: DestinationKind
  /** Anchors that have not reached it, the oldest first; all of them where it cannot be told now. */
  waiting(): Promise<readonly StoredAnchor[]>
  /** Brings one there; what came of it is on disk when this resolves. @throws FarwatchError: worth another try, always. */
  deliver(anchor: StoredAnchor, signal: AbortSignal): Promise<void>
}
