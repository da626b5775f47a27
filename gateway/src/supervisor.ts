import { FarwatchError, type GatewayStatus, messageOf } from '@farwatch/model'
import { backoffMs, type Clock, type Logger } from '@farwatch/runtime'
import { type Driver, DriverError, type Sample } from './driver.ts'

/** Waits between tries double from the first to the last. */
export interface RetryBounds {
  readonly firstMs: number
  readonly mostMs: number
}

/** Resolves once the samples are durably stored. A rejection is no link failure: it ends the gateway. */
export type Sink = (samples: readonly Sample[]) => Promise<void>

/** As it travels in the gateway's status: `problem` says what is wrong, also of a link that is up. */
export type LinkState = GatewayStatus['links'][number]

export interface Supervised {
  readonly name: string
  readonly protocol: string
  readonly driver: Driver
}

export interface SupervisorOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly sink: Sink
  readonly onState: (state: LinkState) => void
  readonly retry?: RetryBounds
  /** [0, 1), for the jitter. */
  readonly random?: () => number
}

/** A link that stood this long starts its next waits from the shortest again. */
const steadyMs = 30_000

/** The status format's bound on a problem's text. */
const maxProblemLength = 500

/** Keeps one link alive: runs its driver again and again, with growing jittered waits, and tells how it stands. */
export class LinkSupervisor {
  readonly #link: Supervised
  readonly #options: SupervisorOptions
  #state: LinkState
  #reported: string | undefined

  constructor(link: Supervised, options: SupervisorOptions) {
    this.#link = link
    this.#options = options
    this.#state = { name: link.name, protocol: link.protocol, state: 'connecting' }
  }

  get state(): LinkState {
    return this.#state
  }

  /** What the driver reports of a link that stands. */
  report(problem: string | undefined): void {
    this.#reported = problem
    if (this.#state.state === 'up') this.#enter('up', problem)
  }

  /** Returns when aborted. @throws whatever the sink rejected with. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random, retry = { firstMs: 500, mostMs: 30_000 } } = this.#options
    const fresh = () => backoffMs(retry.firstMs, retry.mostMs, random)
    let delays = fresh()
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs()
      const problem = await this.#live(signal)
      if (signal.aborted) return
      if (this.#state.state === 'up' && clock.monotonicMs() - startedMs >= steadyMs) delays = fresh()
      this.#enter('down', problem)
      await clock.sleep(delays.next().value, signal).catch(() => undefined)
    }
  }

  /** One connected life of the link: what ended it. */
  async #live(signal: AbortSignal): Promise<string> {
    this.#reported = undefined
    let failure: { readonly cause: unknown } | undefined
    // Each life has a signal of its own: what listens to it goes with it, and does not pile up on the gateway's.
    const life = new AbortController()
    const end = () => life.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    try {
      for await (const samples of this.#link.driver.run(life.signal)) {
        if (this.#state.state !== 'up') this.#enter('up', this.#reported)
        if (samples.length === 0) continue
        try {
          await this.#options.sink(samples)
        } catch (cause) {
          failure = { cause }
          break
        }
      }
    } catch (error) {
      if (failure === undefined && !(error instanceof DriverError))
        this.#options.log.error({ link: this.#link.name, err: error }, 'driver fault')
      if (failure === undefined) return messageOf(error)
    } finally {
      signal.removeEventListener('abort', end)
    }
    if (failure !== undefined) throw failure.cause
    return 'the driver ended by itself'
  }

  #enter(state: LinkState['state'], problem: string | undefined): void {
    const cut = problem?.slice(0, maxProblemLength)
    const before = this.#state
    if (before.state === state && before.problem === cut) return
    const { name, protocol } = this.#link
    this.#state = cut === undefined ? { name, protocol, state } : { name, protocol, state, problem: cut }
    const line = { link: name, protocol, problem: cut }
    if (state !== before.state) this.#options.log[state === 'up' ? 'info' : 'warn'](line, `link ${state}`)
    else if (state === 'up') this.#options.log.info(line, 'link reports')
    this.#options.onState(this.#state)
  }
}

/** The sink did not take samples: nothing more can be stored, so the gateway ends. */
export class SinkError extends FarwatchError<'sink-failed'> {
  constructor(cause: unknown) {
    super('sink-failed', `readings cannot be stored: ${messageOf(cause)}`, { cause })
    this.name = 'SinkError'
  }
}
