import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { generateKeyPem, signingKey } from '@farwatch/evidence'
import { Delivery, topics } from '@farwatch/model'
import { createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { startIntake } from './intake.ts'
import { key, registry, testCentre } from './testing.ts'

const centre = testCentre()
const { start, stop, connect, records, refusals, counted, gateway } = centre

test('F6 mosquitto_pub is taken, and closed out once a device has credentials', async (context) => {
  const publish = (...more: string[]) =>
    promisify(execFile)('mosquitto_pub', [
      '-h',
      '127.0.0.1',
      '-p',
      String(centre.intake.port),
      '-q',
      '1',
      '-t',
      'telemetry/E10/d',
      '-m',
      '{"pm10": 12.3}',
      ...more,
    ])
  try {
    await publish()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || process.env.CI === 'true') throw error
    return context.skip('mosquitto_pub is not installed')
  }
  expect((await records())[0]?.kind).toBe('telemetry')
  const password = await centre.credentials.enrolDevice('station', 'E10')
  await expect(publish()).rejects.toThrow()
  await expect(publish('-u', 'station', '-P', 'wrong')).rejects.toThrow()
  await publish('-u', 'station', '-P', password)
  expect(await records()).toHaveLength(2)
  expect(await counted('not-authenticated')).toBe(2)
})

test('F8 wrong password, another id, a stolen client id and foreign topics are refused', async () => {
  const password = await centre.credentials.enrolGateway('GW-1', key.publicKey)
  await centre.credentials.enrolGateway('GW-2')
  await expect(connect({ username: 'GW-1', clientId: 'GW-1', password: 'guess' })).rejects.toThrow()
  await expect(connect({ username: 'GW-1', clientId: 'GW-2', password })).rejects.toThrow()
  await expect(connect({ clientId: 'GW-1' })).rejects.toThrow()
  await expect(connect({ username: '__proto__', clientId: 'x', password: 'x' })).rejects.toThrow()
  const client = await connect({ username: 'GW-1', clientId: 'GW-1', password })
  await client.publishAsync(topics.batch('GW-2'), 'x', { qos: 1 })
  await client.publishAsync('telemetry/E10/d', '{"pm10": 1}', { qos: 1 })
  expect((await refusals()).map((reason) => reason.split(':')[0])).toEqual(['foreign-topic', 'foreign-topic'])
  const granted = await client.subscribeAsync(topics.receipt('GW-2')).catch(() => [{ qos: 128 }])
  expect(granted[0]?.qos).toBe(128)
})

test('F3 a key is trusted on first use, a second one is not', async () => {
  const password = await centre.credentials.enrolGateway('GW-1')
  const client = await connect({ clientId: 'GW-1', username: 'GW-1', password })
  const status = (publicKey: string) => JSON.stringify({ v: 1, online: true, publicKey })
  await client.publishAsync(topics.status('GW-1'), status(key.publicKey), { qos: 1 })
  await client.publishAsync(topics.status('GW-1'), status(signingKey(generateKeyPem()).publicKey), {
    qos: 1,
  })
  expect(centre.credentials.keysOf('GW-1').map(({ keyId }) => keyId)).toEqual([key.keyId])
})

test('J2 two gateways with one name that end each other’s connection in turn show as such in what the console reads', async () => {
  const password = await centre.credentials.enrolGateway('GW-1', key.publicKey)
  const sender = { clientId: 'GW-1', username: 'GW-1', password }
  for (let i = 0; i < 4; i++) await connect(sender)
  await stop()
  await start()
  const [told] = (await records()).flatMap((one) =>
    one.kind === 'delivery' ? [Delivery.parse(JSON.parse(Buffer.from(one.bytes).toString()))] : [],
  )
  expect(told).toMatchObject({ gateway: 'GW-1', twin: { sign: 'taken-over' } })
})

test('F3 after a restart a gateway counts as offline until it speaks again', async () => {
  await gateway()
  await stop()
  await start()
  expect((await records()).at(-1)).toMatchObject({ kind: 'gateway-status', gateway: 'GW-1' })
  expect(JSON.parse(Buffer.from((await records()).at(-1)!.bytes).toString())).toMatchObject({
    online: false,
  })
})

test('F8 a port in use is named, with what to do', async () => {
  const second = startIntake(
    { host: '127.0.0.1', port: centre.intake.port },
    { ...centre, clock: systemClock, log: silentLog, metrics: createMetrics(), registry },
  )
  await expect(second).rejects.toMatchObject({
    code: 'port-in-use',
    message: expect.stringMatching(/--mqtt PORT/),
  })
})
