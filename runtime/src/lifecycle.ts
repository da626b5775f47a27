import { messageOf } from '@farwatch/model'
import type { Logger } from './log.ts'

/** What every service's `start` returns. `stop` is idempotent and ends within its bound. */
export interface Service {
  stop(): Promise<void>
}

/**
 * Clean-ups of one service: run in reverse order of opening, each named, bounded in time, and never blocking the next.
 */
export class Lifecycle implements Service {
  readonly #steps: { name: string; timeoutMs: number; work: () => unknown }[] = []
  readonly #log: Logger
  #stopping: Promise<void> | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Registers a clean-up for what has just been opened. */
  onStop(name: string, work: () => unknown, timeoutMs = 2_000): void {
    this.#steps.push({ name, timeoutMs, work })
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#run()
    return this.#stopping
  }

  async #run(): Promise<void> {
    for (const { name, timeoutMs, work } of this.#steps.reverse()) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done after ${timeoutMs} ms`)), timeoutMs)
      })
      try {
        await Promise.race([Promise.resolve().then(work), late])
      } catch (error) {
        this.#log.warn({ step: name, problem: messageOf(error) }, 'clean-up failed')
      } finally {
        clearTimeout(timer)
      }
    }
  }
}

/**
 * Runs `open`; if it throws, everything it had registered is closed again before the error goes on.
 */
export async function startService<T extends object>(
  log: Logger,
  open: (life: Lifecycle) => Promise<T>,
): Promise<T & Service> {
  const life = new Lifecycle(log)
  try {
    const opened: T = await open(life)
    return Object.assign(opened, { stop: () => life.stop() })
  } catch (error) {
    await life.stop()
    throw error
  }
}
