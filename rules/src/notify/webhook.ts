import { type Clock, sendWebhook, type WebhookConfig } from '@farwatch/runtime'
import type { Channel, Notification } from './channel.ts'

/** A webhook after Standard Webhooks, one request a transition. */
export function webhook(config: WebhookConfig, clock: Clock): Channel {
  return {
    name: new URL(config.url).host,
    send: (notification, signal) =>
      sendWebhook(config, { id: notification.id, body: payloadOf(notification) }, { clock, signal }),
  }
}

/** The body that is signed and sent: `type`, `timestamp` (when the centre recorded it), `data`. */
export function payloadOf({ alert, transition }: Notification): string {
  const type = `alert.${transition.kind.replaceAll('-', '_')}`
  return JSON.stringify({
    type,
    timestamp: new Date(transition.recordedMs).toISOString(),
    data: { alert, transition },
  })
}
