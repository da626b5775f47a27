/** Something to be woken. Only `Timers` writes `queuedMs`. */
export interface Timer {
  /** When it wants to be woken, Unix ms; Infinity: not at all. Write it with `Timers.set`. */
  dueMs: number
  /** The entry of the heap that counts for it; Infinity without one. */
  queuedMs: number
  /** Order among timers due at the same moment: the same in every run. */
  readonly order: number
  /** Whether waking it changed anything. */
  fire(nowMs: number): boolean
}

/**
 * Timers on a binary heap. Moving a timer later, or giving it up, costs a comparison: its entry stays and is put right
 * when it comes up. So a timer that each reading pushes on is in the heap once, however fast readings come.
 */
export class Timers {
  readonly #at: number[] = []
  readonly #timers: Timer[] = []

  get size(): number {
    return this.#at.length
  }

  set(timer: Timer, dueMs: number): void {
    timer.dueMs = dueMs
    if (dueMs < timer.queuedMs) this.#push(timer, dueMs)
  }

  /** Wakes all that are due, earliest first. Returns whether any of them changed something. */
  fireUntil(nowMs: number): boolean {
    let changed = false
    while (this.#at.length > 0 && this.#at[0]! <= nowMs) {
      const at = this.#at[0]!
      const timer = this.#timers[0]!
      this.#pop()
      if (at !== timer.queuedMs) continue
      timer.queuedMs = Infinity
      // Moved on: it takes its new place, also where that is due by now, or the order would hang on who has looked when.
      if (timer.dueMs > at) {
        if (timer.dueMs !== Infinity) this.#push(timer, timer.dueMs)
        continue
      }
      timer.dueMs = Infinity
      if (timer.fire(nowMs)) changed = true
    }
    return changed
  }

  #push(timer: Timer, at: number): void {
    timer.queuedMs = at
    let i = this.#at.length
    this.#at.push(at)
    this.#timers.push(timer)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.#before(i, parent)) break
      this.#swap(i, parent)
      i = parent
    }
  }

  #pop(): void {
    const last = this.#at.length - 1
    this.#swap(0, last)
    this.#at.pop()
    this.#timers.pop()
    let i = 0
    for (;;) {
      const left = 2 * i + 1
      const right = left + 1
      let least = i
      if (left < last && this.#before(left, least)) least = left
      if (right < last && this.#before(right, least)) least = right
      if (least === i) return
      this.#swap(i, least)
      i = least
    }
  }

  #before(a: number, b: number): boolean {
    const difference = this.#at[a]! - this.#at[b]!
    return difference < 0 || (difference === 0 && this.#timers[a]!.order < this.#timers[b]!.order)
  }

  #swap(a: number, b: number): void {
    const at = this.#at[a]!
    const timer = this.#timers[a]!
    this.#at[a] = this.#at[b]!
    this.#timers[a] = this.#timers[b]!
    this.#at[b] = at
    this.#timers[b] = timer
  }
}
