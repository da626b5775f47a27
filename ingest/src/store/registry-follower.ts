import { changedSites, messageOf, type Registry } from '@farwatch/model'
import { backoffMs, type Clock, type Database, type Logger } from '@farwatch/runtime'
import { syncChanges } from './registry-rows.ts'

interface FollowerParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  /** What the tables say already. */
  readonly registry: Registry
}

const retry = { firstMs: 200, mostMs: 10_000 }

/** Brings the tables up to the newest registry, however long the database takes; what is overtaken meanwhile is left out. */
export class RegistryFollower {
  readonly #parts: FollowerParts
  readonly #stopping = new AbortController()
  #stored: Registry
  #wanted: Registry
  #running: Promise<void> | undefined

  constructor(parts: FollowerParts) {
    this.#parts = parts
    this.#stored = parts.registry
    this.#wanted = parts.registry
  }

  monitor(registry: Registry): void {
    this.#wanted = registry
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  stop(): Promise<void> | undefined {
    this.#stopping.abort()
    return this.#running
  }

  async #run(): Promise<void> {
    const { database, clock, log } = this.#parts
    const { signal } = this.#stopping
    let pauses = backoffMs(retry.firstMs, retry.mostMs)
    while (this.#stored !== this.#wanted && !signal.aborted) {
      const wanted = this.#wanted
      try {
        await syncChanges(database, changedSites(this.#stored, wanted))
        this.#stored = wanted
        pauses = backoffMs(retry.firstMs, retry.mostMs)
      } catch (error) {
        log.warn({ problem: messageOf(error) }, 'a change of the registry waits for the database')
        await clock.sleep(pauses.next().value, signal).catch(() => undefined)
      }
    }
  }
}
