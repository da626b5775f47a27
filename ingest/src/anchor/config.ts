import { readFile } from 'node:fs/promises'
import { readCertificates } from '@farwatch/evidence'
import { messageOf } from '@farwatch/model'
import { ConfigError, type Problem, type Variables, WebhookConfig } from '@farwatch/runtime'
import type { TimestampConfig } from './timestamp-authority.ts'

/** Where anchors go besides the data folder; none of them is needed. */
export interface AnchorConfig {
  readonly folder?: string
  readonly webhook?: WebhookConfig
  readonly timestamp?: TimestampConfig
}

const names = {
  folder: 'FARWATCH_ANCHOR_FOLDER',
  webhookUrl: 'FARWATCH_ANCHOR_WEBHOOK_URL',
  webhookSecret: 'FARWATCH_ANCHOR_WEBHOOK_SECRET',
  timestampUrl: 'FARWATCH_ANCHOR_TSA_URL',
  timestampRoots: 'FARWATCH_ANCHOR_TSA_ROOTS',
} as const

/**
 * Destinations from the environment: `FARWATCH_ANCHOR_FOLDER`, `_WEBHOOK_URL` with `_WEBHOOK_SECRET`, `_TSA_URL` with
 * `_TSA_ROOTS` (a PEM file).
 * @throws ConfigError with every mistake.
 */
export async function loadAnchorConfig(environment: Variables = process.env): Promise<AnchorConfig> {
  const problems: Problem[] = []
  const problem = (path: string, message: string) =>
    problems.push({ file: 'environment', line: undefined, path, message })
  const named = (name: keyof typeof names) => environment[names[name]] || undefined

  const folder = named('folder')
  const [url, secret] = [named('webhookUrl'), named('webhookSecret')]
  const webhook = url === undefined ? undefined : WebhookConfig.safeParse({ url, secret: secret ?? '' })
  for (const { path, message } of webhook?.error?.issues ?? []) {
    problem(path[0] === 'url' ? names.webhookUrl : names.webhookSecret, message)
  }

  const [authority, rootsFile] = [named('timestampUrl'), named('timestampRoots')]
  let timestamp: TimestampConfig | undefined
  if (authority !== undefined) {
    if (!/^https?:$/.test(URL.parse(authority)?.protocol ?? '')) {
      problem(names.timestampUrl, 'expected a URL that begins with https:// or http://')
    }
    try {
      if (rootsFile === undefined) throw new Error('is not set; expected a PEM file with the roots to trust')
      timestamp = { url: authority, roots: readCertificates(await readFile(rootsFile, 'utf8')) }
    } catch (error) {
      problem(names.timestampRoots, messageOf(error))
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    ...(folder === undefined ? {} : { folder }),
    ...(webhook?.data === undefined ? {} : { webhook: webhook.data }),
    ...(timestamp === undefined ? {} : { timestamp }),
  }
}
