import { join } from 'node:path'
import { startPlatform } from '@farwatch/cli'
import type { Capabilities } from '@farwatch/runtime'
import { createLog } from '@farwatch/runtime'
import { lineToParent } from '../child.ts'
import { say } from '../figure.ts'

/** The whole platform of the latency bench, without the simulated city, in a process of its own. */

/** Home of everything: `config` holds the configuration, `data` is the platform's. */
export interface PlatformOrder {
  readonly home: string
}

export interface Ready {
  readonly url: string
  readonly mqttPort: number
  readonly database: Capabilities
}

export type FromPlatform = Ready | 'stopped'

if (import.meta.main) {
  const line = lineToParent<FromPlatform, PlatformOrder | 'stop'>()
  const { home } = (await line.receive()) as PlatformOrder
  const platform = await startPlatform(
    {
      ...{ home: join(home, 'data'), config: join(home, 'config') },
      ...{ httpHost: '127.0.0.1', httpPort: 0, mqttHost: '127.0.0.1', mqttPort: 0 },
      ...{ sim: false, simSpeed: 1, gateways: [], databaseUrl: undefined },
      ...{ adminToken: undefined, tls: undefined },
      ...{ mapboxToken: null, allowedHosts: [], trustedProxies: [] },
    },
    { log: createLog('error'), progress: (text) => say(`  ${text}`) },
  )
  const { url, mqttPort, database } = platform
  line.send({ url, mqttPort, database })
  await line.receive()
  await platform.stop()
  line.send('stopped')
}
