import { parseArgs } from 'node:util'
import { FarwatchError } from '@farwatch/model'
import type { Soak } from '../main.ts'
import { fuzz } from './fuzz.ts'
import { targets } from './targets/index.ts'

export const soakFuzz: Soak = {
  usage: `  fuzz    [--runs 1000000] [--seed N] [--target NAME …] [--from RUN]
          every decoder of outside bytes under changed input; targets: ${targets.map(({ name }) => name).join(', ')}`,
  async *run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string', default: '1000000' },
        seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
        from: { type: 'string', default: '0' },
        target: { type: 'string', multiple: true },
      },
    })
    const seed = wholeNumber('--seed', values.seed)
    const say = (text: string) => void process.stderr.write(`${text}\n`)
    say(`fuzz: seed ${seed}`)
    const options = {
      runs: wholeNumber('--runs', values.runs),
      from: wholeNumber('--from', values.from),
      seed,
      say,
    }
    for await (const result of fuzz({ ...options, targets: chosen(values.target) })) {
      yield { line: result, failed: result.fault !== undefined }
      if (result.fault === undefined) continue
      const { run, problem } = result.fault
      say(`${result.target}: ${problem}`)
      say(
        `again: npm run soak -- fuzz --target ${result.target} --seed ${seed} --from ${Math.max(run, 0)} --runs 1`,
      )
    }
  },
}

function chosen(names: readonly string[] | undefined) {
  return (names ?? targets.map(({ name }) => name)).map((name) => {
    const target = targets.find((one) => one.name === name)
    if (target !== undefined) return target
    const all = targets.map((one) => one.name).join(', ')
    throw new FarwatchError('bad-usage', `--target: found "${name}", expected one of ${all}`)
  })
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new FarwatchError('bad-usage', `${option}: found "${text}", expected a whole number`)
}
