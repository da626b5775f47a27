import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { MqttClient } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import type { Sample } from '../../driver.ts'
import { testContext } from '../../testbed/context.ts'
import { MqttAddress } from './address.ts'
import { Inbox } from './inbox.ts'
import { maxUnstored, takeMany } from './take-many.ts'

/** A broker's end of a connection in memory: what is pushed reaches mqtt.js as one chunk. */
class Wire extends Duplex {
  readonly written: Buffer[] = []

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.written.push(chunk)
    done()
  }

  get acknowledged(): number[] {
    const bytes = Buffer.concat(this.written)
    const ids: number[] = []
    // Behind CONNECT nothing but PUBACKs of four bytes was written.
    for (let at = 2 + bytes[1]!; at < bytes.length; at += 4) {
      expect(bytes[at]).toBe(0x40)
      ids.push(bytes.readUInt16BE(at + 2))
    }
    return ids
  }
}

test.each([maxUnstored - 1, maxUnstored, maxUnstored + 1, 1])(
  'J3 a queue that comes in chunks of %i messages is taken to its end',
  async (perChunk) => {
    const points = [
      {
        key: 'E10/room1/nh3',
        address: MqttAddress.parse({ topic: 'cold/{device}', path: 'nh3' }),
        intervalMs: 1_000,
      },
    ]
    const abort = new AbortController()
    const inbox = new Inbox(points, await testContext(), abort.signal)
    const wire = new Wire()
    const client = new MqttClient(() => wire, { protocolVersion: 4, reconnectPeriod: 0, keepalive: 0 })
    onTestFinished(() => {
      abort.abort()
      client.end(true)
    })
    client.handleMessage = takeMany(client, inbox)
    wire.push(Buffer.of(0x20, 2, 1, 0))

    const total = 5 * maxUnstored
    const ids = Array.from({ length: total }, (_, i) => i + 1)
    for (let at = 0; at < total; at += perChunk)
      wire.push(Buffer.concat(ids.slice(at, at + perChunk).map(publishOf)))
    const values: (number | null)[] = []
    const batches = inbox.batches()
    await batches.next()
    while (values.length < total) {
      // All that mqtt.js will take lies in the inbox before the next batch is drawn.
      for (let turn = 0; turn < 2 * maxUnstored; turn++) await setImmediate()
      const batch = await Promise.race([batches.next(), setImmediate()])
      expect(batch, `nothing behind message ${values.length}`).toBeDefined()
      values.push(...(batch?.value ?? []).map(({ value }: Sample) => value))
    }
    expect(values).toEqual(ids)
    void batches.next()
    await setImmediate()
    expect(wire.acknowledged).toEqual(ids)
  },
)

/** PUBLISH with QoS 1 (MQTT 3.1.1, 3.3). */
function publishOf(id: number): Buffer {
  const topic = 'cold/room1'
  const body = Buffer.from(`\0${String.fromCharCode(topic.length)}${topic}..{"nh3": ${id}}`)
  body.writeUInt16BE(id, 2 + topic.length)
  return Buffer.concat([Buffer.of(0x32, body.length), body])
}
