import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { styleText } from 'node:util'
import { checkHouse } from './check/house-rules.ts'
import { checkImports } from './check/import-rules.ts'
import { longFiles } from './check/long-files.ts'
import { checkPackages } from './check/packages.ts'
import { readTree } from './check/tree.ts'
import { allowed } from './packages.ts'

interface Outcome {
  readonly ok: boolean
  readonly output: string
}

const root = new URL('..', import.meta.url).pathname
const tree = readTree(root)

/** Every tsconfig: the root's for Node, the vocabulary's without a platform, the browser's. */
const projects = [...tree.keys()].filter((path) => /(?:^|\/)tsconfig[\w.]*\.json$/.test(path)).sort()

const checks: Readonly<Record<string, () => Promise<Outcome>>> = {
  'format and lint (biome)': () => program('biome', ['check', '--error-on-warnings', '--colors=off', '.']),
  ...Object.fromEntries(
    projects.map((project) => [`types (${project})`, () => program('tsc', ['--project', project])]),
  ),
  'imports and house rules': async () => {
    const faults = [
      ...checkPackages(tree, allowed),
      ...checkImports(tree, allowed),
      ...checkHouse(tree, longFiles),
    ]
    const lines = faults.map(({ file, line, message }) => `${file}${line > 0 ? `:${line}` : ''}: ${message}`)
    return { ok: faults.length === 0, output: lines.join('\n') }
  },
}

/** Runs one of the repository's own programs to its end. */
function program(name: string, parameters: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(`node_modules/.bin/${name}`, parameters, { cwd: root })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ ok: code === 0, output: output.trim() }))
  })
}

const outcomes = await Promise.all(
  Object.entries(checks).map(async ([name, check]) => {
    const startMs = performance.now()
    const { ok, output } = await check()
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    console.log(`${ok ? styleText('green', 'ok    ') : styleText('red', 'FAILED')} ${name} (${seconds} s)`)
    if (!ok) console.log(output.replace(/^/gm, '       '))
    return ok
  }),
)
process.exitCode = outcomes.every(Boolean) ? 0 : 1
