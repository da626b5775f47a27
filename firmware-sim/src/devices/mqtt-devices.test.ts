import { parseTelemetry } from '@farwatch/model'
import { silentLog, systemClock } from '@farwatch/runtime'
import { expect } from 'vitest'
import { startMosquitto, subscribe, testWith, until } from '../testing/peers.ts'
import { cityProcesses } from '../values/city-processes.ts'
import { Plant } from '../values/plant.ts'
import { startColdStore } from './cold-store.ts'
import { startDustStation } from './dust-station.ts'

const context = { plant: new Plant(cityProcesses(1)), clock: systemClock, log: silentLog }

testWith(['mosquitto', 'mosquitto_sub'], 'E09: four sensors publish ammonia and temperature', async () => {
  const broker = await startMosquitto()
  const subscription = subscribe(broker.port, 'cold/+')
  const store = await startColdStore(`mqtt://127.0.0.1:${broker.port}`, context)
  await until(() => new Set(subscription.messages.map(({ topic }) => topic)).size === 4)
  for (const { payload } of subscription.messages) {
    const { ts, nh3, temperature } = JSON.parse(payload.toString())
    expect(Math.abs(Date.now() - ts)).toBeLessThan(60_000)
    expect(nh3 >= 0 && nh3 <= 5 && temperature >= -22 && temperature <= -18).toBe(true)
  }
  await store.stop()
  await subscription.stop()
  await broker.stop()
})

testWith(
  ['mosquitto', 'mosquitto_sub'],
  'E10: the station publishes plain telemetry at the centre',
  async () => {
    const broker = await startMosquitto()
    const subscription = subscribe(broker.port, 'telemetry/#')
    const station = await startDustStation(
      { url: `mqtt://127.0.0.1:${broker.port}`, credential: undefined },
      context,
    )
    await until(() => subscription.messages.length >= 1)
    const { topic, payload } = subscription.messages[0]!
    expect(topic).toBe('telemetry/E10/station1')
    const parsed = parseTelemetry(payload.toString())
    if ('problem' in parsed) throw new Error(parsed.problem)
    expect(parsed.telemetry.timeMs).toBeGreaterThan(0)
    expect([...parsed.telemetry.values.keys()]).toEqual([
      'pm10',
      'tsp',
      'noise',
      'windSpeed',
      'windDirection',
    ])
    await station.stop()
    await subscription.stop()
    await broker.stop()
  },
)
