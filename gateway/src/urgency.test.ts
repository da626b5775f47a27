import { Quality } from '@farwatch/model'
import { parseYaml } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { GatewayConfig } from './config.ts'
import { urgencyOf } from './urgency.ts'

const config = parseYaml(
  `
gateway: GW-1
site: S
centre: { url: "mqtt://127.0.0.1:1883" }
batch: { lingerMs: 5000 }
links:
  - name: sensors
    protocol: mqtt
    connection: { listen: "127.0.0.1:0" }
    points:
      - { point: room/nh3, address: { topic: "room/nh3" }, flush: { above: 20 } }
      - { point: room/door, address: { topic: "room/door" } }
`,
  GatewayConfig,
  'gateway.yaml',
)

test('J3 what lies beyond its limit is urgent, and the first bad value of a point', () => {
  const isUrgent = urgencyOf(config)
  const at = (point: string, value: number | null, quality: number = Quality.good) =>
    isUrgent({ point: `S/room/${point}`, timeMs: 1, timeSource: 'device', value, quality })
  expect([at('nh3', 20), at('nh3', 20.1), at('nh3', 25), at('nh3', 3)]).toEqual([false, true, true, false])
  expect([
    at('door', 1_000),
    at('door', null, Quality.bad),
    at('door', null, Quality.badNoCommunication),
  ]).toEqual([false, true, false])
  expect([at('door', 1), at('door', null, Quality.bad)]).toEqual([false, true])
})

test('J2 bounds and pace of a gateway have defaults that suit most', () => {
  expect(config).toMatchObject({
    batch: { lingerMs: 5_000 },
    journal: { maxBytes: 4 * 1024 ** 3, maxAgeDays: 30 },
    backfill: { bytesPerSecond: 4 * 1024 ** 2 },
  })
})
