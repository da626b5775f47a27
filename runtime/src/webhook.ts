import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import type { Clock } from './clock.ts'
import { type Answer, post } from './post.ts'

/**
 * Where something is sent. The URL is the operator's own choice and is not restricted: it may name a host of the internal
 * network. Whoever can write this configuration can make the centre send requests there.
 */
export const WebhookConfig = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected a URL that begins with https:// or http://' })
    .max(2_000)
    .refine(
      (url) => URL.parse(url)?.username === '',
      'no user name or password in the URL; receivers check the signature',
    ),
  /** `whsec_` and base64 of 24 to 64 random bytes (Standard Webhooks). */
  secret: z.string().refine(isSecret, 'expected whsec_ and base64 of 24 to 64 random bytes'),
})
export type WebhookConfig = z.infer<typeof WebhookConfig>

/** One attempt, connection and answer together, takes at most this long. */
export const webhookTimeoutMs = 10_000
const maxAnswerBytes = 4_096
/** Receivers allow five minutes as a rule; what two clocks differ by under this is no reason to refuse. */
const mostSkewMs = 60_000

/**
 * What came of one attempt. `accepted` means just that: the other side has taken it, nobody need have seen it.
 * `retryable`: may work later. `refused`: not believed to be ours, because a secret, a right or a clock is wrong; may work
 * once that is mended. `permanent`: will not work for this message. `gone`: the other side wants no more at all.
 */
export type Sent =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'retryable'; readonly problem: string; readonly afterMs?: number }
  | { readonly outcome: 'refused' | 'permanent' | 'gone'; readonly problem: string }

/**
 * Sends one JSON body after Standard Webhooks (standardwebhooks.com, specification 1.0): signed with HMAC-SHA256,
 * `webhook-id` as given (stable over attempts), `webhook-timestamp` that of the attempt. 2xx accepts; 408, 425, 429 and
 * 5xx, timeouts and broken connections may work later; 401 and 403 refuse the signature, as does 400 of a receiver whose
 * clock differs; 410 means gone; anything else is for good. Rejects only when the signal aborts.
 */
export async function sendWebhook(
  { url, secret }: WebhookConfig,
  { id, body }: { id: string; body: string },
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Sent> {
  const timestamp = new Date(clock.now())
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, timestamp, body),
  }
  const answer = await post(
    { url, headers, body, timeoutMs: webhookTimeoutMs, maxAnswerBytes },
    clock,
    signal,
  )
  if ('problem' in answer) return { outcome: 'retryable', problem: answer.problem }
  return classify(answer, timestamp.getTime())
}

function classify({ status, headers, body }: Answer, signedMs: number): Sent {
  if (status >= 200 && status < 300) return { outcome: 'accepted' }
  const beginning = firstLine(body)
  const problem = `HTTP ${status}${beginning === '' ? '' : `: ${beginning}`}`
  if (status === 410) return { outcome: 'gone', problem }
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    const seconds = Number(headers.get('retry-after'))
    return { outcome: 'retryable', problem, ...(seconds > 0 ? { afterMs: seconds * 1000 } : {}) }
  }
  const skewMs = Date.parse(headers.get('date') ?? '') - signedMs
  const clocksDiffer = Math.abs(skewMs) > mostSkewMs
  if (status === 401 || status === 403 || (status === 400 && clocksDiffer)) {
    const skew = `${Math.round(Math.abs(skewMs) / 1_000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours`
    const why = clocksDiffer ? `its clock is ${skew}: set the wrong one right` : 'check the secret'
    return { outcome: 'refused', problem: `${problem} (${why})` }
  }
  if (status >= 300 && status < 400) {
    return {
      outcome: 'permanent',
      problem: `${problem} (redirects are not followed; configure the final URL)`,
    }
  }
  return { outcome: 'permanent', problem }
}

/** For the log. */
function firstLine(body: Buffer): string {
  const text = body.toString('utf8').split('\n')[0]!
  return [...text]
    .filter((character) => character >= ' ')
    .join('')
    .slice(0, 120)
}

function isSecret(secret: string): boolean {
  const bytes = secret.replace(/^whsec_/, '')
  if (!/^[A-Za-z0-9+/]{32,88}={0,2}$/.test(bytes)) return false
  try {
    return new Webhook(secret) instanceof Webhook
  } catch {
    return false
  }
}
