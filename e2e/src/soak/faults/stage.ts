import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Credentials } from '@farwatch/ingest'
import { messageOf } from '@farwatch/model'
import { findPeer } from '@farwatch/runtime/testing'
import { closedPort, startCommand, startProgram } from '../../command.ts'
import { WebhookReceiver } from '../../webhook-receiver.ts'
import { Device } from './device.ts'
import { Ledger } from './ledger.ts'
import { MovedClock, noMovedClocks } from './moved-clock.ts'
import { Part } from './part.ts'
import {
  devicesOf,
  metricsOf,
  type PlantPlan,
  valueIn,
  type Way,
  ways,
  writeCentreFiles,
  writeGatewayFile,
} from './plant.ts'
import { SmallDisk } from './small-disk.ts'
import { Wire } from './wire.ts'

export interface StageOptions {
  /** A new folder: homes, ledger, logs. */
  readonly folder: string
  /** A TimescaleDB database of its own; undefined: the embedded engine. */
  readonly databaseUrl: string | undefined
  readonly devicesPerSite: number
  /** Each device sends once in so many milliseconds. */
  readonly everyMs: number
  readonly crossingEvery: number
}

const metrics = 5
const gatewayDiskBytes = 256 * 1024 ** 2
const centreDiskBytes = 2 * 1024 ** 3
/** A restart on a loaded machine, with a journal to read. */
const readyWithinMs = 120_000

export type Stage = Awaited<ReturnType<typeof openStage>>

/**
 * A platform, two gateways and a broker as processes, every line between them through a wire of ours, and devices that
 * keep a ledger of what they sent. Nothing runs yet when it resolves: `begin` starts it.
 */
export async function openStage(options: StageOptions) {
  const { folder } = options
  const mosquitto = findPeer('mosquitto')
  const used: readonly Way[] = mosquitto === undefined ? [ways.listen, ways.plain] : Object.values(ways)
  const { devicesPerSite, crossingEvery } = options
  const plan: PlantPlan = { ways: used, devicesPerSite, metrics, crossingEvery }
  const inFolder = (name: string) => join(folder, name)
  const homes = { centre: inFolder('centre'), 'GW-A': inFolder('gw-a'), 'GW-B': inFolder('gw-b') }
  for (const home of Object.values(homes)) await mkdir(home, { recursive: true })
  const disks = await mountDisks(homes)
  const clockOf = (name: string) =>
    noMovedClocks === undefined ? new MovedClock(inFolder(`${name}.clock`)) : undefined
  const clocks = { centre: clockOf('centre'), gateway: clockOf('gw-a') }
  const ports = {
    http: await closedPort(),
    mqtt: await closedPort(),
    listen: await closedPort(),
    broker: await closedPort(),
  }
  const databasePort = options.databaseUrl === undefined ? undefined : new URL(options.databaseUrl).port
  const wires = {
    uplinkA: await Wire.open(ports.mqtt),
    uplinkB: await Wire.open(ports.mqtt),
    plain: await Wire.open(ports.mqtt),
    field: await Wire.open(ports.listen),
    broker: await Wire.open(ports.broker),
    database: databasePort === undefined ? undefined : await Wire.open(Number(databasePort || 5432)),
  }
  const receiver = new WebhookReceiver()
  const webhook = { url: await receiver.open(), secret: receiver.secret }
  await writeCentreFiles(inFolder('config'), { plan, webhook })
  const gatewayFile = (way: Way) => inFolder(`${way.gateway}.yaml`)
  await writeGatewayFile(gatewayFile(ways.listen), {
    ...{ plan, way: ways.listen, centrePort: wires.uplinkA.port },
    connection: { listen: `127.0.0.1:${ports.listen}` },
  })
  await writeGatewayFile(gatewayFile(ways.broker), {
    ...{ plan, way: ways.broker, centrePort: wires.uplinkB.port },
    connection: { url: `mqtt://127.0.0.1:${wires.broker.port}`, timeoutMs: 3_000 },
  })
  const credentials = await Credentials.open(join(homes.centre, 'credentials.json'))

  const logOf = (name: string) => inFolder(`${name}.out`)
  const url = `http://127.0.0.1:${ports.http}`
  const databaseUrl = throughWire(options.databaseUrl, wires.database)
  const platform = new Part(
    'platform',
    () =>
      startCommand(
        [
          ...['up', '--no-sim', '--home', homes.centre, '--config', inFolder('config')],
          ...['--http', `${ports.http}`, '--mqtt', `${ports.mqtt}`],
        ],
        {
          ...clocks.centre?.environment,
          ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
        },
      ),
    logOf('platform'),
  )
  const gateway = async (way: Way & { gateway: string }, home: string, clock: MovedClock | undefined) => {
    const password = await credentials.enrolGateway(way.gateway)
    const environment = { ...clock?.environment, FARWATCH_GATEWAY_PASSWORD: password }
    const launch = () => startCommand(['gateway', '--config', gatewayFile(way), '--home', home], environment)
    return new Part(way.gateway, launch, logOf(way.gateway))
  }
  const gatewayA = await gateway(ways.listen, homes['GW-A'], clocks.gateway)
  const gatewayB = await gateway(ways.broker, homes['GW-B'], undefined)
  const broker = mosquitto === undefined ? undefined : await brokerPart(mosquitto.path, folder, ports.broker)
  const parts = [broker, platform, gatewayA, ...(broker === undefined ? [] : [gatewayB])].filter(
    (part) => part !== undefined,
  )

  const ledger = await Ledger.open(inFolder('ledger.txt'))
  const devicePorts = { PA: () => wires.field.port, PB: () => ports.broker, PC: () => wires.plain.port }
  const devices = plan.ways.flatMap((way) =>
    devicesOf(plan, way).map(
      (id) =>
        new Device({
          ...{ id, ledger, dialect: way.dialect },
          port: devicePorts[way.site as keyof typeof devicePorts],
          values: (n) =>
            Object.fromEntries(
              metricsOf(plan, id).map((metric) => [metric, valueIn(plan, { device: id, metric, n })]),
            ),
        }),
    ),
  )

  let measuring: NodeJS.Timeout | undefined
  let measured: Promise<void> = Promise.resolve()
  async function measure(): Promise<void> {
    const nowMs = Date.now()
    const messages = devices.map((device) => device.measure(nowMs))
    await ledger.handOver(messages)
    for (const [i, device] of devices.entries()) device.send(messages[i]!)
  }

  return {
    ...{ plan, homes, disks, clocks, wires, platform, gatewayA, gatewayB, broker, parts },
    ...{ devices, ledger, receiver, url, folder, databaseUrl: options.databaseUrl },
    /** Starts every process, waits until the platform answers, and begins to measure. */
    async begin(): Promise<void> {
      for (const part of parts) part.start()
      await untilReady(url, platform)
      for (const device of devices) device.connect()
      measuring = setInterval(() => {
        measured = measured.then(measure)
      }, options.everyMs)
    },
    /** From now on nothing new is measured; what is waiting is still sent. */
    async endMeasuring(): Promise<void> {
      clearInterval(measuring)
      await measured
    },
    async close(): Promise<void> {
      clearInterval(measuring)
      for (const device of devices) device.end()
      await Promise.all(parts.map((part) => part.stop()))
      for (const wire of Object.values(wires)) await wire?.close()
      await receiver.close()
      await ledger.close()
      if (typeof disks === 'string') return
      // The small disks vanish; what their processes wrote down of themselves stays.
      for (const name of ['centre', 'GW-A'] as const)
        await cp(join(homes[name], 'log'), inFolder(`${name}-log`), { recursive: true }).catch(
          () => undefined,
        )
      await disks.gateway.unmount()
      await disks.centre.unmount()
    },
  }
}

/** Disks of the centre's and of one gateway's home; why there are none where nothing may be mounted. */
async function mountDisks(homes: { readonly centre: string; readonly 'GW-A': string }) {
  let centre: SmallDisk
  try {
    centre = await SmallDisk.mount(homes.centre, centreDiskBytes)
  } catch (error) {
    return `no small disk can be mounted here: ${messageOf(error)}`
  }
  return { centre, gateway: await SmallDisk.mount(homes['GW-A'], gatewayDiskBytes) }
}

function throughWire(url: string | undefined, wire: Wire | undefined): string | undefined {
  if (url === undefined || wire === undefined) return undefined
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = `${wire.port}`
  return through.href
}

/** A broker that keeps its queues over an orderly restart, so that what it acknowledged is not lost by it. */
async function brokerPart(path: string, folder: string, port: number): Promise<Part> {
  const kept = join(folder, 'mosquitto')
  await mkdir(kept, { mode: 0o777 })
  const file = join(folder, 'mosquitto.conf')
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${kept}/`,
    'max_queued_messages 0',
    'log_dest stderr',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  return new Part('mosquitto', () => startProgram(path, ['-c', file]), join(folder, 'mosquitto.out'))
}

async function untilReady(url: string, platform: Part): Promise<void> {
  const startedMs = performance.now()
  while (performance.now() - startedMs < readyWithinMs) {
    const answer = await fetch(`${url}/api/health`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`the platform did not become ready:\n${platform.deaths.join('\n')}\n${platform.printed}`)
}
