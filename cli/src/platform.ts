import { join } from 'node:path'
import { start as startConsole } from '@farwatch/console-server'
import { ensureBuilt } from '@farwatch/console-web'
import { type City, cityFolder, startCityInWorker } from '@farwatch/firmware-sim'
import { type Gateway, startGateway } from '@farwatch/gateway'
import { Credentials, startIntake, startWriter } from '@farwatch/ingest'
import type { Health } from '@farwatch/model'
import { start as startRules } from '@farwatch/rules'
import {
  type Capabilities,
  createMetrics,
  type Logger,
  openDatabase,
  openJournal,
  type Service,
  startService,
  systemClock,
} from '@farwatch/runtime'
import { loadConfiguration } from './configuration.ts'
import { credentialsFile } from './enrol.ts'
import { takeHome } from './home.ts'
import type { UpOptions } from './options.ts'

export interface Platform {
  /** Where the console answers. */
  readonly url: string
  readonly mqttPort: number
  /** Engine, versions and edition of the database. */
  readonly database: Capabilities
  /** The simulated city, unless started without. */
  readonly city: City | undefined
}

interface Surroundings {
  readonly log: Logger
  readonly progress: (text: string) => void
}

/**
 * The whole platform in this process: opened downstream first, so that nothing is taken in that nobody would keep, and
 * closed in reverse. Resolves once the console answers and the listeners take data.
 */
export function startPlatform(
  options: UpOptions,
  { log, progress }: Surroundings,
): Promise<Platform & Service> {
  const clock = systemClock
  const metrics = createMetrics()
  return startService(log, async (life) => {
    life.onStop('data folder', await takeHome(options.home))
    const inHome = (...names: string[]) => join(options.home, ...names)

    progress('Preparing the console')
    const webRoot = await ensureBuilt()

    progress('Reading the configuration')
    const folder = options.config ?? (options.sim ? cityFolder : inHome('config'))
    const { registry, rules } = await loadConfiguration(folder, {
      gatewayFiles: options.gateways,
      variables: {},
    })

    progress(
      options.databaseUrl === undefined ? 'Opening the embedded database' : 'Connecting to the database',
    )
    const database = await openDatabase(
      options.databaseUrl === undefined ? { folder: inHome('database') } : { url: options.databaseUrl },
    )
    life.onStop('database', () => database.close())

    const journal = await openJournal({ folder: inHome('journal'), log, clock })
    life.onStop('journal', () => journal.close())
    const alertJournal = await openJournal({ folder: inHome('alerts'), log, clock })
    life.onStop('alert journal', () => alertJournal.close())

    progress('Starting the services')
    const writer = await startWriter({ database, journal, registry, clock, log, metrics })
    life.onStop('writer', () => writer.stop())
    const ruleEngine = await startRules(
      { rules, webhooks: options.webhook === undefined ? [] : [options.webhook] },
      { clock, log, metrics, database, journal, alertJournal, registry, home: options.home },
    )
    life.onStop('rules', () => ruleEngine.stop())

    const gateways = new Map<string, Gateway>()
    let city: City | undefined
    let cityProblem: string | undefined
    const components = (): Health['components'] => ({
      database:
        writer.state === 'writing'
          ? { status: 'ok' }
          : { status: 'degraded', detail: writer.problem ?? 'waiting' },
      ...(options.sim && {
        city: cityProblem === undefined ? { status: 'ok' } : { status: 'degraded', detail: cityProblem },
      }),
      ...Object.fromEntries(Array.from(gateways, ([id, gateway]) => [id, gatewayHealth(gateway)])),
    })
    const consoleService = await startConsole(
      {
        host: options.httpHost,
        port: options.httpPort,
        webRoot,
        mapboxToken: options.mapboxToken,
        allowedHosts: options.allowedHosts,
        adminToken: options.adminToken,
        trustedProxies: options.trustedProxies,
        version: '0.1.0',
      },
      { clock, log, metrics, database, journal, desk: ruleEngine, registry, components },
    )
    life.onStop('console', () => consoleService.stop())

    const credentials = await Credentials.open(credentialsFile(options.home))
    const intake = await startIntake(
      { host: options.mqttHost, port: options.mqttPort },
      { clock, log, metrics, journal, registry, credentials, home: options.home },
    )
    life.onStop('intake', () => intake.stop())
    const centreUrl = `mqtt://127.0.0.1:${intake.port}`

    if (options.sim) {
      progress('Starting the simulated city')
      city = await startCityInWorker(
        {
          ...{ home: inHome('city'), seed: 1, centreUrl },
          // Any free ports: a second Farwatch, or a device of the user's, may hold the usual ones.
          ports: { opcua: 0, modbus: 0, e09: 0 },
          autoplay: { script: 'S1', afterS: 15, everyS: 900, speed: options.simSpeed },
        },
        log,
        (error) => {
          cityProblem = error.message
        },
      )
      const running = city
      life.onStop('simulated city', () => running.stop())
    }
    const variables = { ...process.env, FARWATCH_CENTRE: centreUrl, ...city?.variables }
    const { gateways: configs } = await loadConfiguration(folder, {
      gatewayFiles: options.gateways,
      variables,
    })
    if (configs.length > 0) progress(`Starting ${configs.length} gateways`)
    for (const config of configs) {
      const password = await credentials.enrolGateway(config.gateway)
      const home = inHome('gateways', config.gateway)
      const gateway = await startGateway(config, { clock, log, metrics, home, password })
      life.onStop(`gateway ${config.gateway}`, () => gateway.stop(), 4_000)
      gateways.set(config.gateway, gateway)
    }
    return { url: consoleService.url, mqttPort: intake.port, database: database.capabilities, city }
  })
}

function gatewayHealth(gateway: Gateway): Health['components'][string] {
  const down = gateway.links().filter(({ state }) => state === 'down')
  if (down.length === 0) return { status: 'ok', detail: `${gateway.spool()} batches wait for their receipt` }
  return {
    status: 'degraded',
    detail: down.map(({ name, problem }) => `${name}: ${problem ?? 'down'}`).join('; '),
  }
}
