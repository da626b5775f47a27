import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type GatewayConfig, loadGatewayConfig } from '@farwatch/gateway'
import { type AnchorConfig, loadAnchorConfig } from '@farwatch/ingest'
import { Registry } from '@farwatch/model'
import { SupervisionFile } from '@farwatch/registry'
import { loadRules, loadWebhooks, type Rule } from '@farwatch/rules'
import { ConfigError, loadYaml, type Problem, type Variables, type WebhookConfig } from '@farwatch/runtime'

export interface Configuration {
  readonly registry: Registry
  readonly supervision: SupervisionFile
  readonly rules: readonly Rule[]
  readonly webhooks: readonly WebhookConfig[]
  readonly gateways: readonly GatewayConfig[]
  readonly anchors: AnchorConfig
}

/**
 * Reads a configuration folder: registry.yaml, supervision.yaml, notify.yaml, rules/*.yaml, gateways/*.yaml, each of which may be missing,
 * and gateway files from elsewhere; destinations of anchors from the environment.
 * @throws ConfigError with the problems of all files at once.
 */
export async function loadConfiguration(
  folder: string,
  { gatewayFiles, variables }: { gatewayFiles: readonly string[]; variables: Variables },
): Promise<Configuration> {
  const problems: Problem[] = []
  const collect = async <T>(load: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await load()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
      return otherwise
    }
  }
  const inFolder = (name: string) => join(folder, name)
  const ifPresent = async <T>(name: string, load: (path: string) => Promise<T>, otherwise: T): Promise<T> =>
    existsSync(inFolder(name)) ? collect(() => load(inFolder(name)), otherwise) : otherwise

  const registry = await ifPresent('registry.yaml', (file) => loadYaml(file, Registry, variables), {
    sites: [],
  })
  const supervision = await ifPresent(
    'supervision.yaml',
    (file) => loadYaml(file, SupervisionFile, variables),
    SupervisionFile.parse({}),
  )
  const rules = await ifPresent<readonly Rule[]>('rules', loadRules, [])
  const webhooks = await collect<readonly WebhookConfig[]>(
    () => loadWebhooks(inFolder('notify.yaml'), variables),
    [],
  )
  const anchors = await collect<AnchorConfig>(() => loadAnchorConfig(variables), {})
  const files = [...(await ifPresent('gateways', yamlFiles, [])), ...gatewayFiles]
  const gateways: GatewayConfig[] = []
  for (const file of files) {
    const gateway = await collect<GatewayConfig | undefined>(
      () => loadGatewayConfig(file, variables),
      undefined,
    )
    if (gateway !== undefined) gateways.push(gateway)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { registry, supervision, rules, webhooks, gateways, anchors }
}

async function yamlFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}
