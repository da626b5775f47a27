export interface MailboxOptions {
  /** Items that may wait; beyond it the oldest give way. */
  readonly bound: number
  readonly overflowed: (count: number) => void
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Between a library that calls back and a driver that yields: items go in one by one and come out in batches. */
export class Mailbox<T> {
  readonly #options: MailboxOptions
  readonly #end = Promise.withResolvers<never>()
  #items: T[] = []
  #failure: { readonly error: unknown } | undefined
  #wake: () => void = () => undefined

  constructor(options: MailboxOptions) {
    this.#options = options
    this.#end.promise.catch(() => undefined)
    const { signal } = options
    signal.addEventListener('abort', () => this.fail(signal.reason), { once: true })
  }

  /** Rejects once it failed or was ended: for a driver that is still connecting to race with. */
  get end(): Promise<never> {
    return this.#end.promise
  }

  put(item: T): void {
    this.#items.push(item)
    // Trimmed an eighth at a time, so that a flood does not shift the whole array at every item.
    const { bound, overflowed } = this.#options
    if (this.#items.length > bound) {
      const dropped = this.#items.splice(0, Math.ceil(bound / 8)).length
      overflowed(dropped)
    }
    this.#wake()
  }

  /** Ends `batches` with an error; the first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#end.reject(error)
    this.#wake()
  }

  /** What came in, in order, at most `max` at a time. Returns on abort, throws what `fail` was given. */
  async *batches(max: number): AsyncGenerator<T[]> {
    while (!this.#options.signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure.error
      if (this.#items.length > 0) yield this.#items.splice(0, max)
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
