import type { Clock } from '@farwatch/runtime'
import type { Area } from './area.ts'
import type { Outcome } from './commands.ts'

/** A word of the logger under the number of a request: 9011, 9012, or what was asked for. */
export interface Reply {
  readonly cn: string
  readonly area: Area
}

export interface ExchangeTimes {
  /** How long the request answer (9011) may take before the request is sent again … */
  readonly answerMs: number
  /** … and how often it is sent in all (HJ 212: OverTime, ReCount). */
  readonly tries: number
  /** How long the next packet or the result (9012) may take after the last word. */
  readonly resultMs: number
}

const maxWaiting = 100
const maxData = 1_000

/** One command under way: sent, answered, carried out (HJ 212-2017, 6.4.1). The owner hands in what comes under its number. */
export class Exchange {
  readonly #clock: Clock
  readonly #times: ExchangeTimes
  readonly #replies: Reply[] = []
  #wake: () => void = () => undefined

  constructor(clock: Clock, times: ExchangeTimes) {
    this.#clock = clock
    this.#times = times
  }

  /** Beyond its bound what comes is not looked at: readings among it are stored elsewhere. */
  take(reply: Reply): void {
    if (this.#replies.length < maxWaiting) this.#replies.push(reply)
    this.#wake()
  }

  /** @throws the signal's reason on abort. */
  async run(send: () => boolean, signal: AbortSignal): Promise<Outcome> {
    const { answerMs, tries, resultMs } = this.#times
    let reply: Reply | undefined
    for (let attempt = 0; attempt < tries && reply === undefined; attempt++) {
      if (!send()) return { outcome: 'not-connected' }
      reply = await this.#next(answerMs, signal)
    }
    if (reply === undefined) return { outcome: 'no-answer' }
    const data: Record<string, string> = {}
    // Some loggers leave the request answer out and begin with what was asked for.
    for (; reply !== undefined; reply = await this.#next(resultMs, signal)) {
      const { cn, area } = reply
      const [taken, result] = [area.fields.get('QnRtn'), area.fields.get('ExeRtn')]
      if (cn === '9011' && taken !== '1') return { outcome: 'refused', code: taken ?? '' }
      if (cn === '9012' && result !== '1') return { outcome: 'failed', code: result ?? '' }
      if (cn === '9012') return { outcome: 'done', data }
      if (cn !== '9011') gather(data, area)
    }
    return { outcome: 'no-result' }
  }

  async #next(withinMs: number, signal: AbortSignal): Promise<Reply | undefined> {
    signal.throwIfAborted()
    if (this.#replies.length === 0) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#wake = resolve
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      const cancel = this.#clock.after(withinMs, resolve)
      await promise.finally(() => {
        cancel()
        signal.removeEventListener('abort', abort)
      })
    }
    return this.#replies.shift()
  }
}

function gather(data: Record<string, string>, { fields, factors }: Area): void {
  let room = maxData - Object.keys(data).length
  const put = (name: string, value: string) => {
    if (room-- > 0 && name !== '__proto__') data[name] = value
  }
  for (const [name, value] of fields) put(name, value)
  for (const [factor, parts] of factors) for (const [part, value] of parts) put(`${factor}-${part}`, value)
}
