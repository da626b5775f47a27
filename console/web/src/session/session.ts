import type { Action, SessionInfo } from '@farwatch/model'
import { useSyncExternalStore } from 'react'

/** `waiting`: the centre has not said yet who is there. */
export type SessionState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'known'; readonly info: SessionInfo }

/** Who is in front of this page, as the centre says. */
class SessionStore {
  #state: SessionState = { kind: 'waiting' }
  #asking: Promise<void> | undefined
  /** How often somebody has logged in, out or on: what was asked before that is answered by what was then. */
  #acts = 0
  readonly #listeners = new Set<() => void>()

  readonly state = (): SessionState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Asks the centre again; without an answer things stay as they are. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  /** What the centre has answered to a login or the like. */
  take(info: SessionInfo): void {
    this.#acts++
    this.#show(info)
  }

  #show(info: SessionInfo): void {
    this.#state = { kind: 'known', info }
    for (const listener of this.#listeners) listener()
  }

  async #ask(): Promise<void> {
    const acts = this.#acts
    try {
      const response = await fetch('/api/session', { signal: AbortSignal.timeout(10_000) })
      if (!response.ok) return
      const info = (await response.json()) as SessionInfo
      // A login cuts the page's connection before its own answer is here, and the page asks at once, as nobody yet.
      if (acts === this.#acts) this.#show(info)
      else await this.#ask()
    } catch {
      // The banner says that the centre does not answer; who was here is still here.
    }
  }
}

export const session = new SessionStore()

export const useSession = (): SessionState => useSyncExternalStore(session.subscribe, session.state)

/** Whether whoever is here may do this somewhere. */
export function useMay(action: Action): boolean {
  const state = useSession()
  return state.kind === 'known' && state.info.actions.includes(action)
}

/** Who acts, where the centre knows by itself; undefined where people say their name. */
export function accountName(): string | undefined {
  const state = session.state()
  return state.kind === 'known' && state.info.state === 'in' ? state.info.account?.name : undefined
}
