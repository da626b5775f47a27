import { parseArgs } from 'node:util'
import { messageOf } from '@farwatch/model'
import { createLog, systemClock } from '@farwatch/runtime'
import { startCity } from './city.ts'
import { cityConfigFrom, help } from './options.ts'

// The simulated city as a program of its own: `node firmware-sim/src/main.ts --help`.
const log = createLog().child({ service: 'sim' })
try {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      home: { type: 'string' },
      centre: { type: 'string' },
      seed: { type: 'string' },
      host: { type: 'string' },
      'no-autoplay': { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(help)
  } else {
    const city = await startCity(cityConfigFrom(values, process.env), { clock: systemClock, log })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void city.stop().then(() => process.exit(0)))
    }
    for (const [name, value] of Object.entries(city.variables)) process.stdout.write(`${name}=${value}\n`)
  }
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
