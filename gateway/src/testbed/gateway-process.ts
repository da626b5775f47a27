import { createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { loadGatewayConfig } from '../config.ts'
import { startGateway } from '../gateway.ts'

/** A gateway in a process of its own, to be killed; prints a line once its links run. */
const [file, home] = process.argv.slice(2)
await startGateway(await loadGatewayConfig(file!), {
  ...{ clock: systemClock, log: silentLog, metrics: createMetrics(), home: home!, password: 'none' },
})
process.stdout.write('running\n')
