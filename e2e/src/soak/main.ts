import { FarwatchError, messageOf } from '@farwatch/model'
import { soakBacklogCommand, soakFaultsCommand } from './faults/command.ts'
import { soakFuzz } from './fuzz/soak.ts'

/** One kind of soak: yields a line a result, and says so itself when one of them is a failure. */
export interface Soak {
  readonly usage: string
  run(args: readonly string[]): AsyncIterable<{ readonly line: object; readonly failed: boolean }>
}

/** A new soak is a line here. */
const soaks: Readonly<Record<string, Soak>> = {
  backlog: soakBacklogCommand,
  faults: soakFaultsCommand,
  fuzz: soakFuzz,
}

const usage = `npm run soak -- NAME [options]
${Object.values(soaks)
  .map((soak) => soak.usage)
  .join('\n')}

Progress goes to standard error, one JSON line a result to standard output. The exit code is 1 when something failed.`

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined || name === 'help' || args.includes('--help')) {
    process.stderr.write(`${usage}\n`)
    process.exitCode = name === undefined ? 1 : 0
    return
  }
  const soak = Object.hasOwn(soaks, name) ? soaks[name] : undefined
  if (soak === undefined)
    throw new FarwatchError('bad-usage', `found "${name}", expected one of these:\n${usage}`)
  for await (const { line, failed } of soak.run(args)) {
    process.stdout.write(`${JSON.stringify(line)}\n`)
    if (failed) process.exitCode = 1
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
