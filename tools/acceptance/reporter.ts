import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from 'vitest/node'
import { type Test, type TestRun, testRunFile } from './test-run.ts'

/**
 * Writes what `npm run acceptance` reads, and names the tests that were not run. A run of part of the tests, in
 * watch mode, or broken off leaves the last whole run as it is.
 */
export class AcceptanceReporter implements Reporter {
  #vitest: Vitest | undefined

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly { message: string }[],
    reason: TestRunEndReason,
  ): Promise<void> {
    const vitest = this.#vitest
    if (vitest === undefined) return
    const { root, watch, testNamePattern } = vitest.config
    const errors = unhandled.map(({ message }) => message)
    const tests: Test[] = []
    for (const module of modules) {
      const file = relative(root, module.moduleId)
      errors.push(...module.errors().map(({ message }) => `${file}: ${message}`))
      for (const test of module.children.allTests()) tests.push(describe(test, file))
    }
    for (const { titles, reason } of tests.filter(({ state }) => state === 'skipped')) {
      console.log(`not run: ${titles.join(' > ')}: ${reason ?? 'no reason given'}`)
    }
    const all = await vitest.globTestSpecifications()
    const isWhole = modules.length === all.length && testNamePattern === undefined
    if (!isWhole || watch || reason === 'interrupted') return
    const run: TestRun = { tests, errors }
    const path = join(root, testRunFile)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${JSON.stringify(run, null, 1)}\n`)
  }
}

function describe(test: TestCase, file: string): Test {
  const titles = [test.name]
  for (let at = test.parent; at.type === 'suite'; at = at.parent) titles.unshift(at.name)
  const result = test.result()
  // A suite that is left out as a whole has no note: its reason stands in its title, as "(not run: …)".
  const note =
    result.state === 'skipped' ? (result.note ?? /\((not run: .*)\)/.exec(titles.join(' '))?.[1]) : undefined
  return {
    titles,
    file,
    // What never got its turn (an interrupted run, a suite whose set-up failed) has shown nothing.
    state: result.state === 'pending' ? 'failed' : result.state,
    durationMs: Math.round(test.diagnostic()?.duration ?? 0),
    ...(note === undefined ? {} : { reason: note.replace(/^not run: /, '') }),
    peers: peersOf(test.meta()),
  }
}

/** What `foreignPeer` of `@farwatch/runtime/testing` has left on the task. */
function peersOf(meta: object): Test['peers'] {
  return (meta as { foreignPeers?: Test['peers'] }).foreignPeers ?? []
}
