import type { Worker } from 'node:worker_threads'
import { FarwatchError, messageOf } from '@farwatch/model'
import type { Answer, Call, Failure, Request } from './messages.ts'

/** A thread that has not stopped by itself after so long is ended. */
export const stopWithinMs = 2_500

/** The city's worker as its host sees it: the calls that wait for an answer, and its end, expected or not. */
export class CityThread {
  /** The city's variables once it is up; rejects with why it is not. */
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
      } else if (answer.kind !== 'log') this.#settle(answer)
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
