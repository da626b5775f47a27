import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { singleSignOnOf, startAccess } from '@farwatch/access'
import { openActLog, startActIndex, startInbox, Verification } from '@farwatch/audit'
import { start as startConsole } from '@farwatch/console-server'
import { ensureBuilt } from '@farwatch/console-web'
import { centreKeys, readAnchorsIn } from '@farwatch/evidence'
import { type City, cityFolder } from '@farwatch/firmware-sim'
import {
  type Anchors,
  anchorFolder,
  Credentials,
  type Intake,
  startAnchors,
  startIntake,
  startWriter,
} from '@farwatch/ingest'
import { decodeRecord, type Health } from '@farwatch/model'
import { openRegistry } from '@farwatch/registry'
import { migrateRules, start as startRules } from '@farwatch/rules'
import {
  type Capabilities,
  createMetrics,
  type Journal,
  type Logger,
  type Service,
  startService,
  steadyClock,
  systemClock,
} from '@farwatch/runtime'
import { loadConfiguration } from './configuration.ts'
import { credentialsFile } from './enrol.ts'
import { takeHome } from './home.ts'
import type { UpOptions } from './options.ts'
import { Outside } from './outside.ts'
import { actsOf, inboxOf, openStorage } from './storage.ts'

export interface Platform {
  /** Where the console answers. */
  readonly url: string
  readonly mqttPort: number
  /** Engine, versions and edition of the database. */
  readonly database: Capabilities
  /** The simulated city, unless started without. */
  readonly city: City | undefined
  /** One-time password of the account `admin`, where this start has made it. */
  readonly firstPassword: string | undefined
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
  const metrics = createMetrics()
  const { home } = options
  const named = (service: string) => log.child({ service })
  return startService(log, async (life) => {
    life.onStop('data folder', await takeHome(home))

    progress('Reading the configuration')
    const folder = options.config ?? (options.sim ? cityFolder : join(home, 'config'))
    const load = (variables: Readonly<Record<string, string | undefined>>) =>
      loadConfiguration(folder, { gatewayFiles: options.gateways, variables })
    // Before anything is opened, so that no mistake waits for the rest; where devices listen is not known yet.
    const {
      registry: monitoredByFiles,
      supervision,
      rules,
      webhooks,
      anchors: anchorConfig,
    } = await load({
      FARWATCH_CENTRE: `mqtt://127.0.0.1:${options.mqttPort}`,
      ...process.env,
    })

    progress('Preparing the console')
    const webRoot = await ensureBuilt()
    const { database, journal, alertJournal } = await openStorage(options, { life, log, progress })
    const clock = steadyClock(systemClock, { floorMs: await lastReceiptMs(journal), log })

    const credentials = await Credentials.open(credentialsFile(home))
    const acts = await openActLog({
      ...{ folder: actsOf(home), key: credentials.centre, clock, log: named('acts') },
    })
    life.onStop('log of acts', () => acts.stop())
    const inbox = await startInbox(inboxOf(home), { acts, clock, log: named('acts') })
    life.onStop('acts of commands', () => inbox.stop())
    const audit = new Verification({
      ...{ acts, clock, log: named('acts'), keys: () => centreKeys(credentials.keys) },
      anchors: () => readAnchorsIn(anchorFolder(home)),
    })
    life.onStop('verification of acts', () => audit.stop())
    const index = await startActIndex({ acts, database, clock, log: named('acts') })
    life.onStop('index of acts', () => index.stop())

    progress('Starting the services')
    let intake: Intake | undefined
    const registryDesk = await openRegistry({
      ...{ acts, clock, log: named('registry'), metrics },
      files: { registry: monitoredByFiles, supervision },
    })
    life.onStop('registry', () => registryDesk.stop())
    const registry = registryDesk.monitored()
    const writer = await startWriter({ database, journal, registry, clock, log: named('writer'), metrics })
    life.onStop('writer', () => writer.stop(), 3_500)
    const unsubscribe = registryDesk.subscribe(() => {
      writer.monitor(registryDesk.monitored())
      intake?.monitor(registryDesk.monitored())
    })
    life.onStop('changes of the registry', unsubscribe)
    await migrateRules(database, log)
    const desk = await startRules(
      { rules, webhooks },
      {
        ...{ clock, wallClock: systemClock, log: named('rules'), metrics },
        ...{ database, journal, alertJournal, registry, home },
      },
    )
    life.onStop('rules', () => desk.stop())

    const outside = new Outside()
    let anchors: Anchors | undefined
    const components = (): Health['components'] => ({
      intake: intake?.problem === undefined ? { status: 'ok' } : { status: 'down', detail: intake.problem },
      database:
        writer.state === 'writing'
          ? { status: 'ok' }
          : { status: 'degraded', detail: writer.problem ?? 'waiting' },
      ...(registryDesk.problem === undefined
        ? {}
        : { registry: { status: 'degraded', detail: registryDesk.problem } }),
      ...actsHealth(acts.problem ?? index.problem),
      ...anchors?.health(),
      ...clockHealth(clock.aheadMs),
      ...outside.health(),
    })
    const { httpHost: host, httpPort: port, mapboxToken, allowedHosts, adminToken, trustedProxies } = options
    const access = { host, port, allowedHosts, adminToken, trustedProxies, tls: options.tls }
    const accounts = await startAccess(
      { home, singleSignOn: singleSignOnOf(process.env) },
      {
        ...{ clock, log: named('access') },
        enterpriseScope: (enterprise) => registryDesk.scopeOf('enterprise', enterprise),
      },
    )
    life.onStop('accounts', () => accounts.stop())
    const console = await startConsole(
      { ...access, webRoot, mapboxToken, version: await version() },
      {
        ...{ clock, log, metrics, database, journal, acts, audit },
        ...{ desk, access: accounts.desk, registryDesk, components },
      },
    )
    life.onStop('console', () => console.stop())

    const taking = await startIntake(
      { host: options.mqttHost, port: options.mqttPort },
      { clock, log: named('intake'), metrics, journal, registry, credentials, home },
    )
    intake = taking
    // What was changed while it was being opened.
    taking.monitor(registryDesk.monitored())
    life.onStop('intake', () => taking.stop())
    const anchoring = await startAnchors(anchorConfig, {
      ...{ clock, log: named('anchors'), metrics, home },
      ...{ key: credentials.centre, heads: () => [...taking.heads(), ...acts.heads] },
    })
    anchors = anchoring
    life.onStop('anchors', () => anchoring.stop())

    const centreUrl = `mqtt://127.0.0.1:${intake.port}`
    let variables: Readonly<Record<string, string | undefined>> = {
      FARWATCH_CENTRE: centreUrl,
      ...process.env,
    }
    if (options.sim) {
      progress('Starting the simulated city')
      const city = await outside.startCity({ home, centreUrl, speed: options.simSpeed }, { life, log })
      variables = { ...process.env, ...city.variables }
    }
    const { gateways } = await load(variables)
    if (gateways.length > 0) progress('Starting the gateways')
    for (const config of gateways) {
      await outside.startGateway(config, { home, credentials, life, log, metrics })
    }
    const { firstPassword } = accounts
    return {
      ...{ url: console.url, mqttPort: intake.port, database: database.capabilities, city: outside.city },
      firstPassword,
    }
  })
}

async function version(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** When the last record of an earlier life was received; 0 before the first. */
async function lastReceiptMs(journal: Journal): Promise<number> {
  const [last] = journal.next > journal.first ? await journal.read(journal.next - 1) : []
  return last?.payload === undefined ? 0 : decodeRecord(last.payload).receivedMs
}

function actsHealth(problem: string | undefined): Health['components'] {
  return problem === undefined ? {} : { acts: { status: 'degraded', detail: problem } }
}

function clockHealth(aheadMs: number): Health['components'] {
  if (aheadMs < 1_000) return {}
  const detail = `the clock of this machine was set back; times of receipt are ${Math.round(aheadMs / 1_000)} s ahead of it until it catches up`
  return { clock: { status: 'degraded', detail } }
}
