import type { From, SessionView } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import { newSecretText, sha256 } from './secrets.ts'
import type { StateFile } from './state-file.ts'
import { bounds, type StoredSession, type StoredSessions } from './stored.ts'

export interface SessionTimes {
  /** Without a request or an open page so long, a session ends. */
  readonly idleMs: number
  /** However it is used, it ends after so long: a shift. */
  readonly absoluteMs: number
}

export const defaultSessionTimes: SessionTimes = { idleMs: 30 * 60_000, absoluteMs: 12 * 3_600_000 }

/** How much older than in memory the last use may stand in the file. */
const keptEveryMs = 60_000
/** Characters of the hash by which a session is named where its owner may see it. */
const idLength = 16

/** Sessions by the hash of their cookie; who reads the file cannot take one over. */
export class Sessions {
  readonly #file: StateFile<StoredSessions>
  readonly #clock: Clock
  readonly #times: SessionTimes
  readonly #usedMs = new Map<string, number>()

  constructor(file: StateFile<StoredSessions>, clock: Clock, times: SessionTimes) {
    this.#file = file
    this.#clock = clock
    this.#times = times
  }

  /** A new session, durable; of an account's sessions the oldest ends when there are too many. `instead`: ends as well. */
  async create(
    session: { account: string; version: number; from: From },
    instead?: string,
  ): Promise<{ secret: string; id: string; expiresMs: number }> {
    const secret = newSecretText()
    const hash = sha256(secret)
    const nowMs = this.#clock.now()
    const { account, version, from } = session
    const expiresMs = nowMs + this.#times.absoluteMs
    const stored: StoredSession = {
      ...{ account, version, createdMs: nowMs, lastUsedMs: nowMs, expiresMs },
      ...{ from: from.address.slice(0, 64), agent: from.agent.slice(0, 200) },
    }
    await this.#file.change((content) => {
      const kept = Object.entries(content.sessions)
        .filter(([key, one]) => key !== instead && this.#lives(key, one))
        .filter(([, one]) => one.account !== account || one.version === version)
      const own = kept.filter(([, one]) => one.account === account).sort(byAge)
      const surplus = new Set(
        own.slice(0, Math.max(0, own.length + 1 - bounds.sessionsPerAccount)).map(([key]) => key),
      )
      const others = kept.length + 1 - bounds.sessions
      for (const [key] of others > 0 ? [...kept].sort(byAge).slice(0, others) : []) surplus.add(key)
      const left = kept.filter(([key]) => !surplus.has(key))
      return { ...content, sessions: Object.fromEntries([...left, [hash, stored]]) }
    })
    return { secret, id: hash.slice(0, idLength), expiresMs }
  }

  /** The living session whose secret this is. Counts as use. */
  use(secret: string): { hash: string; id: string; session: StoredSession } | undefined {
    const hash = sha256(secret)
    const session = this.#file.content.sessions[hash]
    if (session === undefined || !this.#lives(hash, session)) return undefined
    this.#usedMs.set(hash, this.#clock.now())
    return { hash, id: hash.slice(0, idLength), session }
  }

  /** Those of an account that live, newest first. */
  of(account: string, version: number): SessionView[] {
    return Object.entries(this.#file.content.sessions)
      .filter(([hash, one]) => one.account === account && one.version === version && this.#lives(hash, one))
      .sort(byAge)
      .reverse()
      .map(([hash, { createdMs, expiresMs, from, agent }]) => ({
        ...{ id: hash.slice(0, idLength), createdMs, expiresMs, from, agent },
        lastUsedMs: this.#lastUsedMs(hash),
      }))
  }

  /** How many sessions of each account live; `versionOf` tells an account's version as of now. */
  counts(versionOf: (account: string) => number | undefined): Map<string, number> {
    const counts = new Map<string, number>()
    for (const [hash, one] of Object.entries(this.#file.content.sessions)) {
      if (this.#lives(hash, one) && one.version === versionOf(one.account))
        counts.set(one.account, (counts.get(one.account) ?? 0) + 1)
    }
    return counts
  }

  /** Ends those that `which` names; true where there was one. */
  async end(which: (hash: string, session: StoredSession) => boolean): Promise<boolean> {
    const ending = Object.entries(this.#file.content.sessions).filter(([hash, one]) => which(hash, one))
    if (ending.length === 0) return false
    const gone = new Set(ending.map(([hash]) => hash))
    await this.#file.change((content) => ({
      ...content,
      sessions: Object.fromEntries(Object.entries(content.sessions).filter(([hash]) => !gone.has(hash))),
    }))
    for (const hash of gone) this.#usedMs.delete(hash)
    return true
  }

  /** Writes down when sessions were last used, and forgets those that have ended, where that is due. */
  async keep(): Promise<void> {
    const entries = Object.entries(this.#file.content.sessions)
    const due = entries.some(
      ([hash, one]) => !this.#lives(hash, one) || this.#lastUsedMs(hash) - one.lastUsedMs >= keptEveryMs,
    )
    if (!due) return
    await this.#file.change((content) => ({
      ...content,
      sessions: Object.fromEntries(
        Object.entries(content.sessions)
          .filter(([hash, one]) => this.#lives(hash, one))
          .map(([hash, one]) => [hash, { ...one, lastUsedMs: this.#usedMs.get(hash) ?? one.lastUsedMs }]),
      ),
    }))
    for (const hash of this.#usedMs.keys())
      if (this.#file.content.sessions[hash] === undefined) this.#usedMs.delete(hash)
  }

  #lives(hash: string, session: StoredSession): boolean {
    const nowMs = this.#clock.now()
    const usedMs = this.#usedMs.get(hash) ?? session.lastUsedMs
    return nowMs < session.expiresMs && nowMs - usedMs < this.#times.idleMs
  }

  #lastUsedMs(hash: string): number {
    return this.#usedMs.get(hash) ?? this.#file.content.sessions[hash]?.lastUsedMs ?? 0
  }
}

function byAge([, a]: [string, StoredSession], [, b]: [string, StoredSession]): number {
  return a.createdMs - b.createdMs
}

/** Whether a public id names the session with this hash. */
export function isNamed(hash: string, id: string): boolean {
  return id.length === idLength && hash.startsWith(id)
}
