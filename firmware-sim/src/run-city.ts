import { parseArgs } from 'node:util'
import { createLog, systemClock } from '@farwatch/runtime'
import { startCity } from './city.ts'
import { cityConfigFrom, help } from './options.ts'

/** The simulated city as a program of its own, until a signal ends it. */
export async function runCity(args: readonly string[]): Promise<void> {
  const log = createLog().child({ service: 'sim' })
  const { values } = parseArgs({
    args: [...args],
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
}
