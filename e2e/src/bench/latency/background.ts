import { plainTelemetry } from '@farwatch/firmware-sim'
import { connectAsync } from 'mqtt'
import { lineToParent } from '../child.ts'
import { gateways as devices } from '../ingest/city.ts'

/** Plain telemetry at an even rate beside the measurement, in a process of its own. */

export interface BackgroundOrder {
  readonly mqttPort: number
  readonly readingsPerSecond: number
}

export interface BackgroundResult {
  readonly readings: number
  readonly seconds: number
}

const readingsAMessage = 5
const turnMs = 5
/** Not acknowledged yet; more would measure this process's queue. What is due beyond waits, and is caught up with. */
const maxUnderWay = 5_000

export type FromBackground = 'running' | BackgroundResult

async function main(): Promise<void> {
  const line = lineToParent<FromBackground, BackgroundOrder | 'stop'>()
  const { mqttPort, readingsPerSecond } = (await line.receive()) as BackgroundOrder
  const clients = await Promise.all(
    Array.from({ length: devices }, (_, d) =>
      connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: `background-${d}`, reconnectPeriod: 0 }),
    ),
  )
  const everyMs = Math.max(1, Math.round((devices * readingsAMessage * 1_000) / readingsPerSecond))
  const next = plainTelemetry({ devices, messages: Number.POSITIVE_INFINITY, fromMs: Date.now(), everyMs })
  const messagesPerMs = readingsPerSecond / readingsAMessage / 1_000
  const began = performance.now()
  let sent = 0
  let acknowledged = 0
  const timer = setInterval(() => {
    const due = (performance.now() - began) * messagesPerMs
    for (; sent < due && sent - acknowledged < maxUnderWay; sent++) {
      const device = sent % devices
      const { topic, payload } = next(device)!
      clients[device]!.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => {
        if (!error) acknowledged++
      })
    }
  }, turnMs)
  line.send('running')
  await line.receive()
  clearInterval(timer)
  line.send({ readings: acknowledged * readingsAMessage, seconds: (performance.now() - began) / 1_000 })
}

if (import.meta.main) await main()
