import type { BatchHeader } from '@farwatch/model'

/**
 * Batches of one gateway that are on their way to disk, one behind the other in one chain. The next of them is judged by the
 * one before it without waiting for the disk; whatever else comes is judged by what is stored, once nothing is under way.
 * As many wait here as one connection brings at once: the listener reads on when what it has read is acknowledged.
 */
export class UnderWay {
  #last: { readonly header: BatchHeader; readonly hash: Uint8Array } | undefined
  #count = 0
  #settled = Promise.withResolvers<void>()

  /** Whether a batch follows the last one under way: it fits, and if one before it fails it stands behind a hole. */
  isNext({ chain, seq, prev }: BatchHeader): boolean {
    if (this.#last === undefined) return false
    const { header, hash } = this.#last
    return header.seq + 1 === seq && header.chain === chain && Buffer.compare(hash, prev) === 0
  }

  /**
   * A batch that fits is being written: `done` settles when it has its place in its chain, or is not to have it. `isLast`:
   * its chain has nothing behind it, so that its successor cannot be there already.
   */
  add(batch: { header: BatchHeader; hash: Uint8Array; isLast: boolean }, done: Promise<unknown>): void {
    this.#last = batch.isLast ? batch : undefined
    if (this.#count++ === 0) this.#settled = Promise.withResolvers()
    done.then(
      () => this.#left(),
      () => {
        this.#last = undefined
        this.#left()
      },
    )
  }

  /** Resolves when nothing is under way. To be awaited by who alone may add. */
  get settled(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : this.#settled.promise
  }

  #left(): void {
    if (--this.#count > 0) return
    this.#last = undefined
    this.#settled.resolve()
  }
}
