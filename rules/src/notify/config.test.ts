import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { loadWebhooks } from './config.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

async function load(yaml: string | undefined, environment: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-notify-'))
  try {
    const file = join(folder, 'notify.yaml')
    if (yaml !== undefined) await writeFile(file, yaml)
    return await loadWebhooks(file, environment)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('F4 webhooks come from notify.yaml, secrets from the environment, and one from the environment alone', async () => {
  expect(await load(undefined)).toEqual([])
  const yaml = 'webhooks:\n  - { url: "https://a.example/h", secret: "${HOOK}" }\n'
  const environment = {
    HOOK: secret,
    FARWATCH_WEBHOOK_URL: 'http://10.0.0.1/h',
    FARWATCH_WEBHOOK_SECRET: secret,
  }
  expect(await load(yaml, environment)).toEqual([
    { url: 'https://a.example/h', secret },
    { url: 'http://10.0.0.1/h', secret },
  ])
})

test.each<[string, string | undefined, Record<string, string>, RegExp]>([
  [
    'a short secret',
    `webhooks: [{ url: "https://a.example", secret: "whsec_YWJj" }]`,
    {},
    /webhooks\[0\]\.secret: expected whsec_/,
  ],
  [
    'another scheme',
    `webhooks: [{ url: "file:///etc/passwd", secret: "${secret}" }]`,
    {},
    /webhooks\[0\]\.url: expected a URL/,
  ],
  [
    'a password in the URL',
    `webhooks: [{ url: "https://a:b@c.example", secret: "${secret}" }]`,
    {},
    /no user name or password/,
  ],
  [
    'an unknown key',
    `webhooks: [{ url: "https://a.example", secret: "${secret}", retries: 3 }]`,
    {},
    /retries/,
  ],
  [
    'no secret',
    undefined,
    { FARWATCH_WEBHOOK_URL: 'https://a.example' },
    /FARWATCH_WEBHOOK_SECRET: expected whsec_/,
  ],
])(
  'F8 %s in the configuration of webhooks is refused with its place',
  async (_, yaml, environment, message) => {
    const error: unknown = await load(yaml, environment).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).message).toMatch(message)
  },
)
