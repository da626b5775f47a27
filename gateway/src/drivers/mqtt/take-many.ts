import type { MqttClient } from 'mqtt'
import type { Inbox } from './inbox.ts'

/** Messages of one broker that may wait for the disk at once, fewer than the gateway looks back for repeats. */
export const maxUnstored = 200
const goOnUnacknowledged = new Error('not stored yet')

/**
 * mqtt.js would acknowledge a message when told to go on, and take no other before: one message a write to disk, and
 * behind a long queue its keep-alive would fail before the queue is through. Told of an error it goes on without
 * acknowledging, so PUBACK (MQTT 3.1.1, 3.4) is written here, once the message is stored, in the order of arrival.
 */
export function takeMany(client: MqttClient, inbox: Inbox): MqttClient['handleMessage'] {
  let unstored = 0
  let goOn: (() => void) | undefined
  return ({ topic, payload, qos, messageId }, done) => {
    const { stream } = client
    unstored++
    inbox.take(topic, typeof payload === 'string' ? Buffer.from(payload) : payload, () => {
      unstored--
      if (qos === 1 && messageId !== undefined && !stream.destroyed)
        stream.write(Buffer.of(0x40, 2, messageId >> 8, messageId & 0xff))
      // Behind the last message of a chunk mqtt.js begins the next chunk within this call, and may have to wait anew.
      const held = goOn
      goOn = undefined
      held?.()
    })
    const next = () => done(goOnUnacknowledged)
    if (unstored < maxUnstored) next()
    else goOn = next
  }
}
