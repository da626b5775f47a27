import { soakBacklogCommand, soakFaultsCommand } from './command.ts'

const [name, ...args] = process.argv.slice(2)
const soak = name === 'backlog' ? soakBacklogCommand : soakFaultsCommand
for await (const { line, failed } of soak.run(
  name === 'backlog' || name === 'faults' ? args : process.argv.slice(2),
)) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
  if (failed) process.exitCode = 1
}
