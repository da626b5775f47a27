import { Quality } from '@farwatch/model'
import { expect, test } from 'vitest'
import type { Sample } from '../../driver.ts'
import { Life, testContext } from '../../testbed/context.ts'
import { ended } from '../../testbed/foreign.ts'
import { compileOpen62541, skipWithoutOpen62541, startOpen62541 } from '../../testbed/open62541.ts'
import { closedPort } from '../../testbed/tcp-proxy.ts'
import { OpcuaAddress } from './address.ts'
import { opcua } from './index.ts'

test('F6 an open62541 server is subscribed to, also after it was killed and restarted', {
  timeout: 30_000,
}, async (run) => {
  skipWithoutOpen62541(run)
  const program = await compileOpen62541()
  const port = await closedPort()
  const first = await startOpen62541(program, port)
  const context = await testContext()
  const points = ['level', 'steady', 'flag', 'broken', 'nowhere'].map((name) => ({
    key: `S/d/${name}`,
    address: OpcuaAddress.parse({ node: `ns=1;s=${name}` }),
    intervalMs: 50,
  }))
  const config = opcua.config.parse({ endpoint: `opc.tcp://127.0.0.1:${port}`, timeoutMs: 2_000 })
  const driver = opcua.create(config, points, context)
  const life = new Life(driver)
  const levels = (all: readonly Sample[]) =>
    all.filter(({ point }) => point === 'S/d/level').map(({ value }) => value!)
  const samples = await life.until(
    (all) => levels(all).length >= 5 && new Set(all.map(({ point }) => point)).size === 5,
  )
  const of = (name: string) => samples.find(({ point }) => point === `S/d/${name}`)
  expect(of('steady')).toMatchObject({ value: 21.5, quality: Quality.good, timeSource: 'device' })
  expect(of('flag')?.value).toBe(1)
  expect(of('broken')).toMatchObject({ value: null, quality: Quality.badSensorFailure })
  expect(of('nowhere')).toMatchObject({ value: null, quality: Quality.badNodeIdUnknown })
  // Counting up by one: nothing is missing and nothing is double.
  const [from] = levels(samples)
  expect(levels(samples)).toEqual(levels(samples).map((_, i) => from! + i))

  const failure = life.failure()
  await ended(first.process)
  expect(await failure).toMatchObject({ code: 'lost' })
  await startOpen62541(program, port)
  const next = new Life(driver)
  const again = levels(await next.until((all) => levels(all).length >= 5))
  expect(again).toEqual(again.map((_, i) => again[0]! + i))
})
