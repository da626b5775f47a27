import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runForeign, startForeign } from '@farwatch/gateway/testbed'
import { OpcuaServer } from '@farwatch/gateway/testbed/opcua-server'
import { compileOpen62541, skipWithoutOpen62541, startOpen62541 } from '@farwatch/gateway/testbed/open62541'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { launchBrowser } from './browser.ts'
import { closedPort, endCommand, type RunningPlatform, startUp } from './command.ts'
import { openWatchedPage, screens } from './watched-page.ts'

/** `farwatch up --no-sim`, and programs that are not ours on the other side. */

const patient = { timeout: 120_000 }
const pymodbus = fileURLToPath(import.meta.resolve('@farwatch/gateway/testdata/pymodbus_server.py'))

let home: string
let platform: RunningPlatform | undefined

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-foreign-'))
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(platform?.stderr())
  await endCommand(platform)
  platform = undefined
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
})

const withoutCity = () => ['--home', home, '--no-sim', '--http', '0', '--mqtt', '0']

test('F6 what mosquitto_pub sends is visible in an open page, as unregistered', patient, async (context) => {
  const mosquitto = skipWithoutPeer(context, 'mosquitto_pub')
  const browser = await launchBrowser()
  onTestFinished(() => browser.close())
  platform = await startUp(withoutCity())
  const { mqttPort, url } = platform
  const publish = (value: number) =>
    runForeign(mosquitto.path, [
      ...['-h', '127.0.0.1', '-p', `${mqttPort}`, '-q', '1'],
      ...['-t', 'telemetry/PLANT7/stack1', '-m', JSON.stringify({ so2: value })],
    ])

  const { page, problems } = await openWatchedPage(browser, `${url}/#/sites`, {
    ...screens.wide,
    locale: 'en-GB',
  })
  await page.locator('[data-connection="live"]').waitFor()
  expect(await publish(12.3)).toBe(0)
  const row = page.locator('[data-testid="site-row"][data-site="PLANT7"]')
  await row.waitFor()
  expect(await row.getAttribute('data-condition')).toBe('unregistered')
  await row.click()
  const value = page.locator('[data-testid="value-PLANT7/stack1/so2"]')
  await value.getByText('12.3').waitFor()

  // From just before the program starts until its value stands in the page; an observer notes when that is.
  const took: number[] = []
  for (const next of [45.6, 78.9, 20.1]) {
    await page.evaluate(`window.seen = new Promise((resolve) => {
      const find = () => document.querySelector('[data-testid="value-PLANT7/stack1/so2"]').textContent.includes('${next}')
      new MutationObserver((_, observer) => {
        if (!find()) return
        observer.disconnect()
        resolve(Date.now())
      }).observe(document.body, { subtree: true, childList: true, characterData: true })
    })
    undefined`)
    const fromMs = Date.now()
    expect(await publish(next)).toBe(0)
    took.push(((await page.evaluate('window.seen')) as number) - fromMs)
  }
  console.log(`visible ${took.join(', ')} ms after mosquitto_pub was started`)
  expect(Math.min(...took)).toBeLessThan(5_000)
  expect(problems).toEqual([])
})

test('F6 a gateway file polls a pymodbus server', patient, async (context) => {
  skipWithoutPeer(context, 'pymodbus')
  const { match } = await startForeign('/usr/bin/python3', [pymodbus], /PORT (\d+)/)
  platform = await startWithGateway(`  - name: boiler
    protocol: modbus
    connection: { address: "127.0.0.1:${match[1]}", timeoutMs: 1000 }
    points:
      - { point: boiler/power, address: { unit: 1, table: holding, register: 0, type: float32, order: ABCD } }
      - { point: boiler/count, address: { unit: 1, table: holding, register: 20, type: uint16 }, intervalMs: 200 }
`)
  await valueOf('PLANT7/boiler/power', (value) => value === 21.5)
  const first = await valueOf('PLANT7/boiler/count', (value) => value > 0)
  await valueOf('PLANT7/boiler/count', (value) => value > first)
})

test('F6 a gateway file subscribes to an open62541 server', patient, async (context) => {
  skipWithoutOpen62541(context)
  const port = await closedPort()
  await startOpen62541(await compileOpen62541(), port)
  platform = await startWithGateway(opcuaLink(port, 'level'))
  const first = await valueOf('PLANT7/cellar/level', (value) => value > 0)
  await valueOf('PLANT7/cellar/level', (value) => value > first)
})

test('F6 a gateway file subscribes to a node-opcua server', patient, async () => {
  const server = await OpcuaServer.open()
  onTestFinished(() => server.close())
  platform = await startWithGateway(opcuaLink(server.port, 'level'))
  await valueOf('PLANT7/cellar/level', (value) => value === 1.5)
  server.setLevel(2.5)
  await valueOf('PLANT7/cellar/level', (value) => value === 2.5)
})

const opcuaLink = (port: number, name: string) => `  - name: cellar
    protocol: opcua
    connection: { endpoint: "opc.tcp://127.0.0.1:${port}", security: none }
    points:
      - { point: cellar/${name}, address: { node: "ns=1;s=${name}" }, intervalMs: 100 }
`

async function startWithGateway(links: string): Promise<RunningPlatform> {
  const file = join(home, 'plant7.yaml')
  const head = 'gateway: GW-P7\nsite: PLANT7\ncentre: { url: "${FARWATCH_CENTRE}" }\nlinks:\n'
  await writeFile(file, head + links)
  return await startUp([...withoutCity(), '--gateway', file])
}

/** Waits until `/api/points` tells a value of the point that fits; returns it. */
async function valueOf(key: string, fits: (value: number) => boolean): Promise<number> {
  let found = Number.NaN
  await expect
    .poll(
      async () => {
        const answer = await fetch(new URL('/api/points', platform?.url))
        const points = (await answer.json()) as { key: string; last: { value: number | null } | null }[]
        found = points.find((point) => point.key === key)?.last?.value ?? Number.NaN
        return fits(found)
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBe(true)
  return found
}
