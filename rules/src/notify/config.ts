import { ConfigError, loadYaml, readIfPresent, type Variables } from '@farwatch/runtime'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

/**
 * Where alerts are sent. The URL is the operator's own choice and is not restricted: it may name a host of the internal
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

/** Content of `notify.yaml`. */
export const Notify = z.strictObject({ webhooks: z.array(WebhookConfig).max(20).default([]) })
export type Notify = z.infer<typeof Notify>

/**
 * Webhooks of `notify.yaml` (where the file exists) and of `FARWATCH_WEBHOOK_URL` with `FARWATCH_WEBHOOK_SECRET`.
 * @throws ConfigError with every mistake.
 */
export async function loadWebhooks(
  file: string,
  environment: Variables = process.env,
): Promise<WebhookConfig[]> {
  const present = (await readIfPresent(file)) !== undefined
  const { webhooks } = present ? await loadYaml(file, Notify, environment) : { webhooks: [] }
  const url = environment.FARWATCH_WEBHOOK_URL
  if (url === undefined || url === '') return webhooks
  const parsed = WebhookConfig.safeParse({ url, secret: environment.FARWATCH_WEBHOOK_SECRET ?? '' })
  if (parsed.success) return [...webhooks, parsed.data]
  throw new ConfigError(
    parsed.error.issues.map(({ path, message }) => ({
      file: 'environment',
      line: undefined,
      path: path[0] === 'url' ? 'FARWATCH_WEBHOOK_URL' : 'FARWATCH_WEBHOOK_SECRET',
      message,
    })),
  )
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
