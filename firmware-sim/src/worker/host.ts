import { Worker } from 'node:worker_threads'
import { FarwatchError, messageOf } from '@farwatch/model'
import { type Logger, startService } from '@farwatch/runtime'
import type { City } from '../city.ts'
import type { CityConfig } from '../config.ts'
import type { PlayOptions } from '../scripts/stage.ts'
import type { Answer, Call, Failure, Request, WorkerData } from './messages.ts'

const stopWithinMs = 2_500

/**
 * The city in a thread of its own, so that the simulated outside does not share the platform's event loop. Should the
 * thread die, that is logged as an error, `onCrash` is called, and every call from then on is refused (`city-crashed`).
 * @throws FarwatchError what `startCity` throws, or `city-crashed`.
 */
export function startCityInWorker(
  config: CityConfig,
  log: Logger,
  onCrash: (error: FarwatchError) => void = () => {},
): Promise<City> {
  return startService(log, async (life) => {
    const data: WorkerData = { config, logLevel: log.level, logBindings: log.bindings() }
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data })
    const thread = new CityThread(worker, (error) => {
      log.error({ problem: error.message }, 'the simulated city has crashed: its devices are gone')
      onCrash(error)
    })
    life.onStop('city thread', () => thread.stop(), stopWithinMs + 500)
    return {
      variables: await thread.ready,
      play: async (script: string, options: PlayOptions = {}) => {
        await thread.ask({ call: 'play', script, options })
      },
      halt: async (script?: string) => {
        await thread.ask({ call: 'halt', script })
      },
      playing: () => thread.ask({ call: 'playing' }),
    }
  })
}

/** One worker and the calls that wait for its answer. */
class CityThread {
  readonly ready: Promise<Readonly<Record<string, string>>>
  readonly #worker: Worker
  readonly #waiting = new Map<number, PromiseWithResolvers<readonly string[]>>()
  #calls = 0
  #expectedToEnd = false
  #crash: FarwatchError | undefined

  constructor(worker: Worker, onCrash: (error: FarwatchError) => void) {
    this.#worker = worker
    const ready = Promise.withResolvers<Readonly<Record<string, string>>>()
    this.ready = ready.promise
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('message', (answer: Answer) => {
      if (answer.kind === 'ready') ready.resolve(answer.variables)
      else if (answer.kind === 'not-started') {
        this.#expectedToEnd = true
        ready.reject(errorOf(answer.failure))
      } else this.#settle(answer)
    })
    worker.on('exit', (code) => {
      const crash = new FarwatchError(
        'city-crashed',
        cause === undefined ? `the city's thread ended with code ${code}` : messageOf(cause),
        { cause },
      )
      this.#crash = crash
      ready.reject(crash)
      for (const one of this.#waiting.values()) one.reject(crash)
      this.#waiting.clear()
      if (!this.#expectedToEnd) onCrash(crash)
    })
  }

  ask(call: Call): Promise<readonly string[]> {
    if (this.#crash !== undefined) return Promise.reject(this.#crash)
    const n = ++this.#calls
    const answer = Promise.withResolvers<readonly string[]>()
    this.#waiting.set(n, answer)
    this.#worker.postMessage({ n, call } satisfies Request)
    return answer.promise
  }

  /** Asks the thread to stop; ends it the hard way when it does not. */
  async stop(): Promise<void> {
    this.#expectedToEnd = true
    if (this.#crash !== undefined) return
    const hard = setTimeout(() => void this.#worker.terminate(), stopWithinMs)
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve))
    this.ask({ call: 'stop' }).catch(() => undefined)
    await ended
    clearTimeout(hard)
  }

  #settle(answer: Extract<Answer, { n: number }>): void {
    const waiting = this.#waiting.get(answer.n)
    this.#waiting.delete(answer.n)
    if (answer.kind === 'done') waiting?.resolve(answer.value)
    else waiting?.reject(errorOf(answer.failure))
  }
}

function errorOf({ code, message, retryable }: Failure): FarwatchError {
  return new FarwatchError(code, message, { retryable })
}
