import {
  ActsCheck,
  AnchorCheck,
  type Original,
  type VerifyingKey,
  type WholeAnchor,
} from '@farwatch/evidence'
import { type ActAudit, type ActFaultView, type ActVerification, messageOf } from '@farwatch/model'
import type { Clock, Logger, Service } from '@farwatch/runtime'
import type { ActLogService } from './act-log.ts'

export interface VerificationDeps {
  readonly acts: ActLogService
  readonly clock: Clock
  readonly log: Logger
  /** Of the centre: all it ever had. */
  readonly keys: () => readonly VerifyingKey[]
  readonly anchors: () => Promise<AsyncIterable<WholeAnchor>>
}

const batch = 256
const maxFaults = 100

/** Verifies the log of acts on demand: signatures on the thread pool, a slice at a time, so that nobody waits for it. */
export class Verification implements ActAudit, Service {
  readonly #deps: VerificationDeps
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #state: ActVerification = {
    state: 'never',
    done: 0,
    of: 0,
    upTo: 0,
    checkedMs: null,
    faults: [],
    problem: null,
  }

  constructor(deps: VerificationDeps) {
    this.#deps = deps
  }

  get verification(): ActVerification {
    return this.#state
  }

  verify(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async #run(): Promise<void> {
    const { acts, clock, log, keys, anchors } = this.#deps
    const faults: ActFaultView[] = []
    const of = acts.end
    const tell = (state: ActVerification['state'], done: number, problem: string | null = null) => {
      const checkedMs = state === 'running' ? null : clock.now()
      this.#state = { state, done, of, upTo: done, checkedMs, faults, problem }
    }
    tell('running', 0)
    try {
      const witnesses = new AnchorCheck({ keys: keys(), roots: [] })
      for await (const anchor of await anchors()) witnesses.addWhole(anchor)
      const check = new ActsCheck({
        ...{ keys: keys(), anchors: witnesses },
        onFinding: ({ toSeq = null, atMs = null, detail = null, ...finding }) =>
          void (faults.length < maxFaults && faults.push({ ...finding, toSeq, atMs, detail })),
      })
      let done = 0
      for await (const slice of slices(acts.originals(of))) {
        this.#stopping.signal.throwIfAborted()
        await check.take(slice)
        done += slice.length
        tell('running', done)
      }
      check.finish()
      tell('done', done)
      if (faults.length > 0)
        log.error({ faults: faults.length, first: faults[0] }, 'the log of acts is not whole')
    } catch (error) {
      tell('failed', this.#state.done, messageOf(error))
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'))
    await this.#running
  }
}

async function* slices(entries: AsyncIterable<Original>): AsyncGenerator<Original[]> {
  let slice: Original[] = []
  for await (const entry of entries) {
    slice.push(entry)
    if (slice.length < batch) continue
    yield slice
    slice = []
    // A turn of the event loop for everybody else.
    await new Promise(setImmediate)
  }
  if (slice.length > 0) yield slice
}
