import { type Service, startService } from '@farwatch/runtime'
import { coldRooms } from '../values/city-processes.ts'
import { type DeviceContext, rounded } from './device.ts'
import { Publisher } from './publisher.ts'

const everyMs = 2_000

/**
 * E09's wireless sensors, one a room: `{"ts", "nh3" ppm, "temperature" °C}` on `cold/ROOM` to the gateway's own broker.
 */
export function startColdStore(url: string, context: DeviceContext): Promise<Service> {
  const { plant, clock, log } = context
  return startService(log, async (life) => {
    for (const room of coldRooms) {
      const publisher = new Publisher({ url, clientId: `E09-${room}` }, context)
      const measure = () => {
        const now = clock.now()
        const message = {
          ts: now,
          nh3: rounded(plant.value(`E09/${room}/nh3`, now), 2),
          temperature: rounded(plant.value(`E09/${room}/temperature`, now), 2),
        }
        publisher.publish(`cold/${room}`, JSON.stringify(message))
      }
      life.onStop(`sensor ${room}`, () => publisher.stop())
      publisher.start()
      measure()
      life.onStop(`timer ${room}`, clock.every(everyMs, measure))
    }
    return {}
  })
}
