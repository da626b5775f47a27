import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChainHead, type SigningKey, sealAnchor } from '@farwatch/evidence'
import { messageOf } from '@farwatch/model'
import { type Clock, type Logger, readIfPresent } from '@farwatch/runtime'
import type { AnchorStore } from './store.ts'

export interface MakerDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly key: SigningKey
  /** Where all chains stand now; of each, only what is on disk. */
  readonly heads: () => readonly ChainHead[]
  readonly onMade: () => void
}

/** `farwatch anchor now` leaves this file in the folder of anchors for the running centre, which removes it when done. */
export const requestFile = 'request'

/** Local day in Asia/Shanghai, which has had one offset since 1991. */
export function localDay(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10)
}

/** Makes the anchors: one each local day, and when asked to. */
export class Maker {
  readonly #store: AnchorStore
  readonly #deps: MakerDeps
  #looking: Promise<void> | undefined
  #failing: { readonly sinceMs: number; readonly problem: string } | undefined

  constructor(store: AnchorStore, deps: MakerDeps) {
    this.#store = store
    this.#deps = deps
  }

  /** Since when and why none can be made; undefined while all is well. */
  get failing(): { readonly sinceMs: number; readonly problem: string } | undefined {
    return this.#failing
  }

  /** Makes one if today has none yet or somebody asks for it. Never rejects; one look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  /** Resolves when a look that is under way is done. */
  async settled(): Promise<void> {
    await this.#looking
  }

  async #make(): Promise<void> {
    const { clock, log, key, heads, onMade } = this.#deps
    const found = heads()
    if (found.length === 0) return
    const madeMs = clock.now()
    const sealed = sealAnchor(found, { end: this.#store.end, madeMs, day: localDay(madeMs) }, key)
    const anchor = await this.#store.add(sealed)
    log.info({ anchor: anchor.name, heads: found.length }, 'anchored')
    onMade()
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#deps
    const request = join(this.#store.folder, requestFile)
    try {
      const asked = (await readIfPresent(request)) !== undefined
      const last = this.#store.anchors.at(-1)
      // Not "a later day": after one that a wrong clock put into the future, anchors must go on.
      const due = last === undefined || localDay(last.madeMs) !== localDay(clock.now())
      if (asked || due) await this.#make()
      if (asked) await rm(request, { force: true })
      if (this.#failing !== undefined) log.info('anchors can be made again')
      this.#failing = undefined
    } catch (error) {
      const problem = messageOf(error)
      if (this.#failing === undefined) log.warn({ problem }, 'no anchor could be made')
      this.#failing = { sinceMs: this.#failing?.sinceMs ?? clock.now(), problem }
    }
  }
}
