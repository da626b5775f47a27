import { messageOf } from '@farwatch/model'
import { runCity } from './run-city.ts'

// `node firmware-sim/src/main.ts --help`
try {
  await runCity(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
