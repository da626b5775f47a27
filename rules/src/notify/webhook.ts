import { messageOf } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import { Webhook } from 'standardwebhooks'
import type { Channel, Notification, Sent } from './channel.ts'
import type { WebhookConfig } from './config.ts'

/** One attempt, connection and answer together, takes at most this long. */
export const webhookTimeoutMs = 10_000
/** As much of an answer is read; the rest is not waited for. */
const maxAnswerBytes = 4_096

/**
 * A webhook after Standard Webhooks (standardwebhooks.com, specification 1.0): signed with HMAC-SHA256, `webhook-id`
 * stable, `webhook-timestamp` that of the attempt. Redirects are not followed: the secret's owner is the URL that was
 * configured, and none other. 2xx accepts; 408, 425, 429 and 5xx, timeouts and broken connections may work later; 410
 * means gone; anything else is for good.
 */
export function webhook(config: WebhookConfig, clock: Clock): Channel {
  const signer = new Webhook(config.secret)
  return {
    name: new URL(config.url).host,
    async send(notification, signal) {
      const body = payloadOf(notification)
      const timestamp = new Date(clock.now())
      const attempt = new AbortController()
      const cancel = clock.after(webhookTimeoutMs, () =>
        attempt.abort(new Error(`no complete answer within ${webhookTimeoutMs / 1000} s`)),
      )
      try {
        const answer = await fetch(config.url, {
          method: 'POST',
          redirect: 'manual',
          signal: AbortSignal.any([signal, attempt.signal]),
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Farwatch',
            'webhook-id': notification.id,
            'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
            'webhook-signature': signer.sign(notification.id, timestamp, body),
          },
          body,
        })
        return classify(answer, await beginningOf(answer))
      } catch (error) {
        if (signal.aborted) throw signal.reason
        const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : ''
        return { outcome: 'retryable', problem: `${messageOf(error)}${cause}` }
      } finally {
        cancel()
        attempt.abort()
      }
    },
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

function classify(answer: Response, beginning: string): Sent {
  const { status } = answer
  if (status >= 200 && status < 300) return { outcome: 'accepted' }
  const problem = `HTTP ${status}${beginning === '' ? '' : `: ${beginning}`}`
  if (status === 410) return { outcome: 'gone', problem }
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    const seconds = Number(answer.headers.get('retry-after'))
    return { outcome: 'retryable', problem, ...(seconds > 0 ? { afterMs: seconds * 1000 } : {}) }
  }
  if (status >= 300 && status < 400) {
    return {
      outcome: 'permanent',
      problem: `${problem} (redirects are not followed; configure the final URL)`,
    }
  }
  return { outcome: 'permanent', problem }
}

/** For the log: the first line of an answer, bounded; a body that never ends is cut off. */
async function beginningOf(answer: Response): Promise<string> {
  if (answer.body === null) return ''
  const reader = answer.body.getReader()
  const parts: Uint8Array[] = []
  for (let bytes = 0; bytes < maxAnswerBytes; ) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    bytes += value.length
  }
  await reader.cancel().catch(() => undefined)
  const text = Buffer.concat(parts).toString('utf8').split('\n')[0]!
  return [...text]
    .filter((character) => character >= ' ')
    .join('')
    .slice(0, 120)
}
