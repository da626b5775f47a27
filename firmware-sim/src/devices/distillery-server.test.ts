import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog, systemClock } from '@farwatch/runtime'
import {
  AttributeIds,
  DataChangeFilter,
  DataChangeTrigger,
  DataType,
  type DataValue,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAClient,
  SecurityPolicy,
  StatusCodes,
  TimestampsToReturn,
} from 'node-opcua'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../testing/peers.ts'
import { cityProcesses } from '../values/city-processes.ts'
import { Plant } from '../values/plant.ts'
import { startDistillery } from './distillery-server.ts'

// node-opcua's client is of the same family as the server: this shows the map, not conformance.

let home: string
let server: Awaited<ReturnType<typeof startDistillery>>
const plant = new Plant(cityProcesses(1))
const context = { plant, clock: systemClock, log: silentLog }

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-opcua-'))
  server = await startDistillery({ home, host: '127.0.0.1', port: 0 }, context)
})
afterAll(async () => {
  await server.stop()
  await rm(home, { recursive: true })
})

function clientOf(secure: boolean): OPCUAClient {
  return OPCUAClient.create({
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0 },
    clientCertificateManager: new OPCUACertificateManager({
      rootFolder: join(home, 'client'),
      automaticallyAcceptUnknownCertificate: true,
    }),
    securityMode: secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
    securityPolicy: secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
  })
}

test('E01: six nodes in namespace 2 with good values and the time they were measured', async () => {
  await clientOf(false).withSessionAsync(server.endpoint, async (session) => {
    const ids = ['Cellar.LEL01', 'Cellar.LEL02', 'Cellar.LEL03', 'Cellar.LEL04', 'TK101.Level', 'Fan1.Run']
    const values = await session.read(
      ids.map((id) => ({ nodeId: `ns=2;s=${id}`, attributeId: AttributeIds.Value })),
    )
    for (const { statusCode, sourceTimestamp } of values) {
      expect(statusCode).toBe(StatusCodes.Good)
      expect(Math.abs(Date.now() - sourceTimestamp!.getTime())).toBeLessThan(10_000)
    }
    for (const { value } of values.slice(0, 4)) expect(value.value >= 0 && value.value <= 3).toBe(true)
    expect(values[4]!.value.value).toBeGreaterThan(35)
    expect(values[5]!.value.value).toBe(true)
  })
})

test('E01: a fan that simply runs is reported again and again to who asks for time stamps', async () => {
  await clientOf(false).withSubscriptionAsync(
    server.endpoint,
    {
      requestedPublishingInterval: 100,
      requestedLifetimeCount: 100,
      requestedMaxKeepAliveCount: 10,
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 1,
    },
    async (_, subscription) => {
      const seen: DataValue[] = []
      const item = await subscription.monitor(
        { nodeId: 'ns=2;s=Fan1.Run', attributeId: AttributeIds.Value },
        {
          samplingInterval: 500,
          queueSize: 10,
          discardOldest: true,
          filter: new DataChangeFilter({ trigger: DataChangeTrigger.StatusValueTimestamp }),
        },
        TimestampsToReturn.Both,
      )
      item.on('changed', (value: DataValue) => seen.push(value))
      await until(() => new Set(seen.map(({ sourceTimestamp }) => sourceTimestamp?.getTime())).size >= 3)
    },
  )
})

test('E01: signed and encrypted with Basic256Sha256 too, all keys in the simulator’s home', async () => {
  await clientOf(true).withSessionAsync(server.endpoint, async (session) => {
    const value = await session.read({ nodeId: 'ns=2;s=TK101.Level', attributeId: AttributeIds.Value })
    expect(value.statusCode).toBe(StatusCodes.Good)
  })
  expect(existsSync(join(home, 'opcua', 'server', 'own', 'private', 'private_key.pem'))).toBe(true)
})

test('E01: writing is refused, a port in use is named', async () => {
  await clientOf(false).withSessionAsync(server.endpoint, async (session) => {
    const status = await session.write({
      nodeId: 'ns=2;s=Fan1.Run',
      attributeId: AttributeIds.Value,
      value: { value: { dataType: DataType.Boolean, value: false } },
    })
    expect(status.name).toMatch(/^BadNotWritable|^BadUserAccessDenied/)
  })
  const port = Number(server.endpoint.split(':').at(-1))
  await expect(
    startDistillery({ home: join(home, 'second'), host: '127.0.0.1', port }, context),
  ).rejects.toMatchObject({ code: 'port-unavailable', message: expect.stringContaining(String(port)) })
})
