import { topics } from '@farwatch/model'
import { type Service, startService } from '@farwatch/runtime'
import { type DeviceContext, rounded } from './device.ts'
import { type Credential, Publisher } from './publisher.ts'

const everyMs = 5_000
const digits = { pm10: 1, tsp: 1, noise: 1, windSpeed: 2, windDirection: 0 } as const

/** E10's dust and noise station: it has no gateway and publishes plain JSON at the centre. */
export function startDustStation(
  { url, credential }: { url: string; credential: Credential | undefined },
  context: DeviceContext,
): Promise<Service> {
  const { plant, clock, log } = context
  return startService(log, async (life) => {
    const publisher = new Publisher({ url, clientId: 'E10-station1', credential }, context)
    const measure = () => {
      const now = clock.now()
      const values = Object.fromEntries(
        Object.entries(digits).map(([metric, places]) => [
          metric,
          rounded(plant.value(`E10/station1/${metric}`, now), places),
        ]),
      )
      publisher.publish(topics.telemetry('E10', 'station1'), JSON.stringify({ ts: now, values }))
    }
    life.onStop('dust station', () => publisher.stop())
    publisher.start()
    measure()
    life.onStop('dust station timer', clock.every(everyMs, measure))
    return {}
  })
}
