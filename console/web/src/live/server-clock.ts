/** How many stamps the estimate looks back on; at one heartbeat a second, ten seconds. */
const window = 10

/**
 * The server's clock as seen from this page. Each stamp arrives late by its way here, so the largest difference of the
 * last few is the best estimate. Between stamps it runs on with the page's own clock: ages tick on when blind.
 */
export class ServerClock {
  readonly #localNow: () => number
  #offsets: number[] = []

  constructor(localNow: () => number = Date.now) {
    this.#localNow = localNow
  }

  observe(serverMs: number): void {
    this.#offsets.push(serverMs - this.#localNow())
    if (this.#offsets.length > window) this.#offsets.shift()
  }

  /** After a reconnection: the machine may have slept or its clock may have been set. */
  reset(): void {
    this.#offsets = []
  }

  /** Unix ms, server time. The page's own clock before the first stamp. */
  now(): number {
    return this.#localNow() + (this.#offsets.length === 0 ? 0 : Math.max(...this.#offsets))
  }
}
