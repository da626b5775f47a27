import { readFileSync } from 'node:fs'
import { TestRun, testRunFile } from './test-run.ts'

/** Prints `N passed, N failed, N skipped` of the last whole test run; a file that could not run counts as failed. */
const path = new URL(`../../${testRunFile}`, import.meta.url)
const { tests, errors } = TestRun.parse(JSON.parse(readFileSync(path, 'utf8')))
const count = (state: string) => tests.filter((test) => test.state === state).length
console.log(
  `${count('passed')} passed, ${count('failed') + errors.length} failed, ${count('skipped')} skipped`,
)
