import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Clock, Logger, Service } from '@farwatch/runtime'
import { startService } from '@farwatch/runtime'
import { startGateCamera } from './camera/gate-camera.ts'
import { CityConfig, cityPorts } from './config.ts'
import { startBoilerLogger } from './devices/boiler-logger.ts'
import { startColdStore } from './devices/cold-store.ts'
import { reachableAs } from './devices/device.ts'
import { startDistillery } from './devices/distillery-server.ts'
import { startDustStation } from './devices/dust-station.ts'
import { startHerbalLine } from './devices/herbal-line.ts'
import { startSewageLogger } from './devices/sewage-logger.ts'
import { type PlayOptions, Stage } from './scripts/stage.ts'
import { cityProcesses } from './values/city-processes.ts'
import { Plant } from './values/plant.ts'

export interface CityDependencies {
  readonly clock: Clock
  readonly log: Logger
  /** Aborting it stops the city. */
  readonly signal?: AbortSignal
}

/** What a running city offers, in this thread or in another. */
export interface City extends Service {
  /** What the city's YAML files are to be loaded with: where its devices ended up listening. */
  readonly variables: Readonly<Record<string, string>>
  /** Starts an incident, over from its beginning if it plays already. @throws FarwatchError `unknown-script`, `bad-speed`. */
  play(script: string, options?: PlayOptions): Promise<void>
  /** Ends one incident, or all: the points go back to normal at once. */
  halt(script?: string): Promise<void>
  /** Names of the incidents that play. */
  playing(): Promise<readonly string[]>
}

/**
 * Starts the simulated enterprises E01, E02, E03, E07, E09 and E10, each speaking its real protocol.
 * @throws FarwatchError `port-unavailable`.
 */
export function startCity(config: CityConfig, { clock, log, signal }: CityDependencies): Promise<City> {
  const { home, seed, centreUrl, host, ports, e02Host, e09Host, credentials, pictureEveryS, autoplay } =
    CityConfig.parse(config)
  return startService(log, async (life) => {
    const stage = new Stage(clock)
    const context = { plant: new Plant(cityProcesses(seed), stage.overlay), clock, log }

    const line = await startHerbalLine({ host, port: ports.modbus ?? cityPorts.modbus }, context)
    life.onStop('E03', () => line.stop())
    const distillery = await startDistillery(
      { home: join(home, 'E01'), host, port: ports.opcua ?? cityPorts.opcua },
      context,
    )
    life.onStop('E01', () => distillery.stop())
    const e02Port = ports.e02 === 0 ? await freePort() : (ports.e02 ?? cityPorts.e02)
    const boiler = await startBoilerLogger({ host: e02Host, port: e02Port }, context)
    life.onStop('E02', () => boiler.stop())
    const outlet = await startSewageLogger({ host, port: ports.e07 ?? cityPorts.e07 }, context)
    life.onStop('E07', () => outlet.stop())
    const e09 = `${e09Host}:${ports.e09 === 0 ? await freePort() : (ports.e09 ?? cityPorts.e09)}`
    const store = await startColdStore(`mqtt://${e09}`, context)
    life.onStop('E09', () => store.stop())
    const station = await startDustStation({ url: centreUrl, credential: credentials.station }, context)
    life.onStop('E10 station', () => station.stop())
    const camera = await startGateCamera(
      { url: centreUrl, credential: credentials.camera, seed, pictureEveryMs: pictureEveryS * 1_000 },
      context,
    )
    life.onStop('E10 camera', () => camera.stop())

    const play = (script: string, options?: PlayOptions) => {
      stage.play(script, options)
      log.info({ script, ...options }, 'the city plays a script')
    }
    if (autoplay !== null) {
      const { script, afterS, everyS, speed } = autoplay
      let cancel = clock.after(afterS * 1_000, () => {
        play(script, { speed })
        cancel = clock.every(everyS * 1_000, () => play(script, { speed }))
      })
      life.onStop('autoplay', () => cancel())
    }
    const stop = () => void life.stop()
    signal?.addEventListener('abort', stop, { once: true })
    life.onStop('signal', () => signal?.removeEventListener('abort', stop))
    signal?.throwIfAborted()

    const variables = {
      FARWATCH_CENTRE: centreUrl,
      FARWATCH_SIM_OPCUA: distillery.endpoint,
      FARWATCH_SIM_MODBUS: `${reachableAs(host)}:${line.port}`,
      FARWATCH_SIM_E02: `${e02Host}:${e02Port}`,
      FARWATCH_SIM_E07: `${reachableAs(host)}:${outlet.port}`,
      FARWATCH_SIM_E09: e09,
    }
    log.info(variables, 'the simulated city is up')
    return {
      variables,
      play: async (script: string, options?: PlayOptions) => play(script, options),
      halt: async (script?: string) => stage.halt(script),
      playing: async () => stage.playing(),
    }
  })
}

/** A port of the loopback interface that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port: 0 }, resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
