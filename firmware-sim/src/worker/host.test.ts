import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FarwatchError } from '@farwatch/model'
import { silentLog } from '@farwatch/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CityConfig } from '../config.ts'
import { freePort } from '../testing/peers.ts'
import { CityThread } from './city-thread.ts'
import { startCityInWorker } from './host.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-city-'))
})
afterAll(() => rm(home, { recursive: true }))

/** A city whose centre is not there: its devices must live all the same. */
async function config(): Promise<CityConfig> {
  return {
    home,
    seed: 1,
    centreUrl: `mqtt://127.0.0.1:${await freePort()}`,
    ports: { opcua: 0, modbus: 0, e02: 0, e07: 0, e09: 0 },
    autoplay: null,
  }
}

test('the city runs in a thread: it tells its ports, plays scripts, refuses unknown ones, stops within 3 s', async () => {
  const city = await startCityInWorker(await config(), silentLog)
  expect(city.variables).toEqual({
    FARWATCH_CENTRE: expect.stringMatching(/^mqtt:/),
    FARWATCH_SIM_OPCUA: expect.stringMatching(/^opc\.tcp:\/\/127\.0\.0\.1:[1-9]\d+$/),
    FARWATCH_SIM_MODBUS: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d+$/),
    FARWATCH_SIM_E02: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d+$/),
    FARWATCH_SIM_E07: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d+$/),
    FARWATCH_SIM_E09: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d+$/),
  })
  await city.play('S1', { speed: 2 })
  expect(await city.playing()).toEqual(['S1'])
  await city.halt('S1')
  expect(await city.playing()).toEqual([])
  await expect(city.play('S99')).rejects.toMatchObject({ code: 'unknown-script' })
  const beganMs = performance.now()
  await city.stop()
  await city.stop()
  expect(performance.now() - beganMs).toBeLessThan(3_000)
  await expect(city.playing()).rejects.toMatchObject({ code: 'city-crashed' })
})

test('F8 a device port in use ends the start with the port’s name', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  await expect(
    startCityInWorker(
      { ...(await config()), ports: { opcua: 0, modbus: port, e02: 0, e07: 0, e09: 0 } },
      silentLog,
    ),
  ).rejects.toMatchObject({ code: 'port-unavailable', message: expect.stringContaining(String(port)) })
  await new Promise((resolve) => taken.close(resolve))
})

test('a thread that dies is reported, and calls end instead of waiting for ever', async () => {
  const crash = Promise.withResolvers<FarwatchError>()
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     parentPort.on('message', () => { throw new Error('boom') })
     parentPort.postMessage({ kind: 'ready', variables: {} })`,
    { eval: true },
  )
  const thread = new CityThread(worker, crash.resolve)
  await thread.ready
  await expect(thread.ask({ call: 'playing' })).rejects.toMatchObject({
    code: 'city-crashed',
    message: 'boom',
  })
  expect((await crash.promise).message).toBe('boom')
  await expect(thread.ask({ call: 'playing' })).rejects.toMatchObject({ code: 'city-crashed' })
  await thread.stop()
})

test('a thread that does not stop is ended', async () => {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     parentPort.on('message', () => { for (;;); })
     parentPort.postMessage({ kind: 'ready', variables: {} })`,
    { eval: true },
  )
  let crashed = false
  const thread = new CityThread(worker, () => {
    crashed = true
  })
  await thread.ready
  await thread.stop()
  expect(crashed).toBe(false)
})
