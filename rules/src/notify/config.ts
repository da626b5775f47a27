import { ConfigError, loadYaml, readIfPresent, type Variables, WebhookConfig } from '@farwatch/runtime'
import { z } from 'zod'

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
