import { join } from 'node:path'
import { loadGatewayConfig, startGateway } from '@farwatch/gateway'
import { createMetrics, systemClock } from '@farwatch/runtime'
import { endOnSignal } from './end.ts'
import { makeHome } from './home.ts'
import type { GatewayOptions } from './options.ts'
import { createTerminalLog } from './terminal.ts'

/** One gateway by itself, at the enterprise. */
export async function runGateway({ home, config: file, password }: GatewayOptions): Promise<void> {
  const config = await loadGatewayConfig(file)
  await makeHome(home)
  const log = await createTerminalLog(join(home, 'log', 'gateway.log'))
  const gateway = await startGateway(config, {
    clock: systemClock,
    log,
    metrics: createMetrics(),
    home,
    password,
  })
  process.stdout.write(`Gateway ${config.gateway} is running; it sends to ${config.centre.url}\n`)
  try {
    await Promise.race([endOnSignal(gateway, log), gateway.finished])
  } catch (error) {
    // Readings can no longer be stored: whoever supervises the process sees it end, and starts it again.
    await gateway.stop()
    throw error
  }
}
