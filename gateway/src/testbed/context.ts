import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog, systemClock } from '@farwatch/runtime'
import { onTestFinished } from 'vitest'
import type { Driver, DriverContext, Sample } from '../driver.ts'

/** A folder that goes when the test is done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-gateway-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

export interface TestContext extends DriverContext {
  readonly refusals: Map<string, number>
  readonly tolerances: Map<string, number>
  readonly problems: (string | undefined)[]
}

export async function testContext(): Promise<TestContext> {
  const refusals = new Map<string, number>()
  const tolerances = new Map<string, number>()
  const problems: (string | undefined)[] = []
  return {
    clock: systemClock,
    log: silentLog,
    gateway: 'GW-T',
    link: 'bench',
    folder: await temporaryFolder(),
    refused: (reason, count = 1) => refusals.set(reason, (refusals.get(reason) ?? 0) + count),
    tolerated: (reason) => tolerances.set(reason, (tolerances.get(reason) ?? 0) + 1),
    report: (problem) => problems.push(problem),
    refusals,
    tolerances,
    problems,
  }
}

/** A life of a driver, read by hand. It is ended with the test. */
export class Life {
  readonly #abort = new AbortController()
  readonly #iterator: AsyncIterator<readonly Sample[]>
  readonly #samples: Sample[] = []

  constructor(driver: Driver) {
    this.#iterator = driver.run(this.#abort.signal)[Symbol.asyncIterator]()
    onTestFinished(async () => {
      this.#abort.abort()
      await this.#iterator.return?.().catch(() => undefined)
    })
  }

  /** The next batch; undefined once the life is over. @throws what the driver threw. */
  async next(): Promise<readonly Sample[] | undefined> {
    const result = await this.#iterator.next()
    if (result.done) return undefined
    this.#samples.push(...result.value)
    return result.value
  }

  /** Reads on until `enough` holds of all samples so far, and gives them. @throws what the driver threw. */
  async until(enough: (samples: readonly Sample[]) => boolean): Promise<readonly Sample[]> {
    while (!enough(this.#samples)) if ((await this.next()) === undefined) throw new Error('the life is over')
    return [...this.#samples]
  }

  /** Reads on until the driver gives the link up. */
  async failure(): Promise<unknown> {
    try {
      while ((await this.next()) !== undefined);
    } catch (error) {
      return error
    }
    return undefined
  }

  abort(): void {
    this.#abort.abort()
  }

  /** Ends without asking for more: the last batch was never said to be stored, as when a disk refused it. */
  async leave(): Promise<void> {
    await this.#iterator.return?.()
  }
}
