import { entryHash, openAnchor } from '@farwatch/evidence'
import { FarwatchError } from '@farwatch/model'
import { type Clock, sendWebhook, type WebhookConfig } from '@farwatch/runtime'
import type { Destination } from './destination.ts'
import type { AnchorStore } from './store.ts'

/**
 * One signed request an anchor (Standard Webhooks), until it is answered with 2xx: the statement, not the heads, so that a
 * receiver learns of no gateway.
 */
export function webhookDestination(config: WebhookConfig, store: AnchorStore, clock: Clock): Destination {
  return {
    kind: 'webhook',
    waiting: async () => store.anchors.filter(({ parts }) => !parts.has('sent')),
    async deliver(anchor, signal) {
      const statement = await store.read(anchor, 'anchor')
      const message = { id: `anchor_${hex(entryHash(statement)).slice(0, 32)}`, body: bodyOf(statement) }
      const sent = await sendWebhook(config, message, { clock, signal })
      if (sent.outcome !== 'accepted') throw new FarwatchError('anchor-webhook', sent.problem)
      const note = { to: new URL(config.url).host, acceptedMs: clock.now(), id: message.id }
      await store.keep(anchor, 'sent', JSON.stringify(note))
    },
  }
}

function bodyOf(statement: Uint8Array): string {
  const { chain, seq, day, madeMs, prev, root, heads } = openAnchor(statement)
  return JSON.stringify({
    type: 'anchor.made',
    timestamp: new Date(madeMs).toISOString(),
    data: {
      ...{ chain, seq, day, heads, root: hex(root), prev: hex(prev), hash: hex(entryHash(statement)) },
      statement: Buffer.from(statement).toString('base64'),
    },
  })
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
