import { join } from 'node:path'
import { type City, startCityInWorker } from '@farwatch/firmware-sim'
import { type Gateway, type GatewayConfig, startGateway } from '@farwatch/gateway'
import type { Credentials } from '@farwatch/ingest'
import type { Health } from '@farwatch/model'
import { type Lifecycle, type Logger, type Registry, systemClock } from '@farwatch/runtime'

/** The part of the world that is outside the centre but runs in this process: the simulated city, and gateways. */
export class Outside {
  readonly #gateways = new Map<string, Gateway>()
  #city: City | undefined
  #cityProblem: string | undefined

  get city(): City | undefined {
    return this.#city
  }

  async startCity(
    { home, centreUrl, speed }: { home: string; centreUrl: string; speed: number },
    { life, log }: { life: Lifecycle; log: Logger },
  ): Promise<City> {
    const config = {
      ...{ home: join(home, 'city'), seed: 1, centreUrl },
      // Any free ports: a second Farwatch, or a device of the user's, may hold the usual ones.
      ports: { opcua: 0, modbus: 0, e02: 0, e07: 0, e09: 0 },
      autoplay: { script: 'S1', afterS: 15, everyS: 900, speed },
    }
    const city = await startCityInWorker(config, log.child({ service: 'city' }), (error) => {
      this.#cityProblem = error.message
    })
    this.#city = city
    life.onStop('simulated city', () => city.stop(), 3_500)
    return city
  }

  /** Runs a gateway beside the centre; its password is made anew at each start and never leaves the process. */
  async startGateway(
    config: GatewayConfig,
    {
      home,
      credentials,
      life,
      log,
      metrics,
    }: { home: string; credentials: Credentials; life: Lifecycle; log: Logger; metrics: Registry },
  ): Promise<void> {
    const password = await credentials.enrolGateway(config.gateway)
    const gateway = await startGateway(config, {
      ...{ clock: systemClock, log, metrics, password },
      home: join(home, 'gateways', config.gateway),
    })
    life.onStop(`gateway ${config.gateway}`, () => gateway.stop(), 4_000)
    this.#gateways.set(config.gateway, gateway)
  }

  health(): Health['components'] {
    const city: Health['components'] =
      this.#city === undefined
        ? {}
        : {
            city:
              this.#cityProblem === undefined
                ? { status: 'ok' }
                : { status: 'degraded', detail: this.#cityProblem },
          }
    return {
      ...city,
      ...Object.fromEntries(Array.from(this.#gateways, ([id, gateway]) => [id, healthOf(gateway)])),
    }
  }
}

function healthOf(gateway: Gateway): Health['components'][string] {
  const down = gateway.links().filter(({ state }) => state === 'down')
  if (down.length === 0) return { status: 'ok', detail: `${gateway.spool()} batches wait for their receipt` }
  return {
    status: 'degraded',
    detail: down.map(({ name, problem }) => `${name}: ${problem ?? 'down'}`).join('; '),
  }
}
