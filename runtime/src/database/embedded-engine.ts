import { Worker } from 'node:worker_threads'
import type { EngineAnswer, EngineRequest, EngineResult } from './embedded-protocol.ts'
import { DatabaseError } from './errors.ts'
import type { Session } from './session.ts'
import type { WireValue } from './values.ts'

/** One life of the embedded engine in its thread. When it breaks, everything asked of it fails and `alive` turns false. */
export class EmbeddedEngine implements Session {
  readonly #worker: Worker
  readonly #waiting: PromiseWithResolvers<EngineResult>[] = []
  #problem: string | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** @throws DatabaseError `database-unavailable` naming the folder. */
  static async open(folder: string): Promise<EmbeddedEngine> {
    const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), {
      workerData: { folder },
      // The flags of this process are not meant for the thread.
      execArgv: [],
    })
    const engine = new EmbeddedEngine(worker)
    worker.on('message', (answer: EngineAnswer) => engine.#settle(answer))
    worker.on('error', (error) => engine.#fail(error.message))
    worker.on('exit', () => engine.#fail('its thread has ended'))
    try {
      await engine.#answer()
    } catch (cause) {
      await worker.terminate()
      const problem = engine.#problem ?? (cause as Error).message
      throw new DatabaseError(`the embedded database in ${folder} cannot be opened: ${problem}`, { cause })
    }
    return engine
  }

  get alive(): boolean {
    return this.#problem === undefined
  }

  async query(sql: string, parameters: readonly WireValue[]): Promise<Record<string, unknown>[]> {
    return (await this.#ask({ kind: 'query', sql, parameters })).rows
  }

  async script(sql: string): Promise<void> {
    await this.#ask({ kind: 'script', sql })
  }

  async copyIn(sql: string, data: Uint8Array): Promise<number> {
    // The copy is handed over to the thread; the caller keeps its own bytes for another try.
    const own = new Uint8Array(data)
    return (await this.#ask({ kind: 'copy', sql, data: own }, [own.buffer])).count
  }

  /** Checkpoint, then the end of the thread. */
  async close(): Promise<void> {
    try {
      if (this.alive) await this.#ask({ kind: 'close' })
    } finally {
      this.#fail('it is closed')
      await this.#worker.terminate()
    }
  }

  #ask(request: EngineRequest, transfer: ArrayBuffer[] = []): Promise<EngineResult> {
    if (this.#problem !== undefined) return Promise.reject(this.#unavailable())
    this.#worker.postMessage(request, transfer)
    return this.#answer()
  }

  #answer(): Promise<EngineResult> {
    const waiting = Promise.withResolvers<EngineResult>()
    this.#waiting.push(waiting)
    return waiting.promise
  }

  #settle(answer: EngineAnswer): void {
    const waiting = this.#waiting.shift()
    if ('rows' in answer) {
      waiting?.resolve(answer)
      return
    }
    waiting?.reject(new DatabaseError(answer.problem, { sqlState: answer.sqlState }))
    if (answer.sqlState === undefined) this.#fail(answer.problem)
  }

  #fail(problem: string): void {
    this.#problem ??= problem
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#unavailable())
  }

  #unavailable(): DatabaseError {
    return new DatabaseError(`the embedded database has stopped: ${this.#problem}`)
  }
}
