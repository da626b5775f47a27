import { parseTelemetry, parseUpTopic } from '@farwatch/model'
import { expect, test } from 'vitest'
import { plainTelemetry, publishLoad } from './load.ts'
import { freePort, startMosquitto, subscribe, testWith, until } from './testing/peers.ts'

const load = { devices: 4, messages: 250, fromMs: 1_795_420_000_000, everyMs: 10 }

testWith(
  ['mosquitto', 'mosquitto_sub'],
  'every message of a load is acknowledged by mosquitto and arrives',
  async () => {
    const broker = await startMosquitto()
    const subscription = subscribe(broker.port, 'telemetry/#', 'ready')
    const announce = { host: '127.0.0.1', port: broker.port, connections: 1, inFlight: 1 }
    await until(async () => {
      let once = 0
      await publishLoad({
        ...announce,
        next: () => (once++ === 0 ? { topic: 'ready', payload: Buffer.from('!') } : undefined),
      })
      return subscription.messages.length > 0
    })
    const result = await publishLoad({
      ...announce,
      connections: 4,
      inFlight: 10,
      next: plainTelemetry(load),
    })
    expect(result.acknowledged).toBe(1_000)
    const telemetry = () => subscription.messages.filter(({ topic }) => topic.startsWith('telemetry/'))
    await until(() => telemetry().length === 1_000)
    expect(new Set(telemetry().map(({ topic, payload }) => topic + payload)).size).toBe(1_000)
    await subscription.stop()
    await broker.stop()
  },
)

test('plain telemetry is what the centre reads: 5 values and a time, each message another time', () => {
  const next = plainTelemetry(load)
  const times = new Set<number | undefined>()
  for (let message = next(2); message !== undefined; message = next(2)) {
    expect(parseUpTopic(message.topic)).toEqual({ kind: 'telemetry', site: 'LOAD2', device: 'station1' })
    const parsed = parseTelemetry(Buffer.from(message.payload).toString())
    if ('problem' in parsed) throw new Error(parsed.problem)
    expect(parsed.telemetry.values.size).toBe(5)
    times.add(parsed.telemetry.timeMs)
  }
  expect(times.size).toBe(250)
  expect(next(4)).toBeUndefined()
})

test('a load without a broker fails at once', async () => {
  const options = {
    host: '127.0.0.1',
    port: await freePort(),
    connections: 2,
    inFlight: 1,
    next: () => undefined,
  }
  await expect(publishLoad(options)).rejects.toMatchObject({ code: 'load-failed' })
})
