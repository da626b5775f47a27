import { silentLog, systemClock } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { freePort, startMosquitto, subscribe, testWith, until } from '../testing/peers.ts'
import { Publisher } from './publisher.ts'

const context = { clock: systemClock, log: silentLog }

testWith(
  ['mosquitto', 'mosquitto_sub'],
  'a device keeps its messages while the broker is away and sends them in order when it is back',
  async () => {
    const port = await freePort()
    const publisher = new Publisher({ url: `mqtt://127.0.0.1:${port}`, clientId: 'device' }, context)
    publisher.start()
    publisher.publish('x', '0')
    let broker = await startMosquitto(port)
    await until(() => publisher.acknowledged === 1)
    await broker.stop()
    for (let i = 1; i <= 40; i++) publisher.publish('x', String(i), { retain: true })
    expect(publisher.waiting).toBe(40)
    broker = await startMosquitto(port)
    const subscription = subscribe(port, 'x')
    await until(() => publisher.waiting === 0)
    await until(() => subscription.messages.at(-1)?.payload.toString() === '40')
    const numbers = subscription.messages.map(({ payload }) => Number(payload.toString()))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(publisher.dropped).toBe(0)
    await publisher.stop()
    await subscription.stop()
    await broker.stop()
  },
)

test('a full outbox loses the oldest and counts it; stopping does not wait for a broker', async () => {
  const publisher = new Publisher(
    {
      url: `mqtt://127.0.0.1:${await freePort()}`,
      clientId: 'device',
      bounds: { messages: 10, bytes: 1_000 },
    },
    context,
  )
  publisher.start()
  for (let i = 0; i < 15; i++) publisher.publish('x', String(i))
  expect([publisher.waiting, publisher.dropped]).toEqual([10, 5])
  publisher.publish('x', new Uint8Array(995))
  expect(publisher.waiting).toBeLessThan(5)
  await publisher.stop()
})
