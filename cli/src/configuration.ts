import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type GatewayConfig, loadGatewayConfig } from '@farwatch/gateway'
import { Registry } from '@farwatch/model'
import { loadRules, type Rule } from '@farwatch/rules'
import { ConfigError, loadYaml, type Problem, type Variables } from '@farwatch/runtime'

export interface Configuration {
  readonly registry: Registry
  readonly rules: readonly Rule[]
  readonly gateways: readonly GatewayConfig[]
}

/**
 * Reads a configuration folder: registry.yaml, rules/*.yaml, gateways/*.yaml, each of which may be missing.
 * @throws ConfigError with the problems of all files at once.
 */
export async function loadConfiguration(
  folder: string | undefined,
  { gatewayFiles, variables }: { gatewayFiles: readonly string[]; variables: Variables },
): Promise<Configuration> {
  const problems: Problem[] = []
  const collect = async <T>(load: Promise<T>): Promise<T | undefined> => {
    try {
      return await load
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
      return undefined
    }
  }
  const present = (name: string) => folder !== undefined && existsSync(join(folder, name))
  const registry = present('registry.yaml')
    ? await collect(loadYaml(join(folder!, 'registry.yaml'), Registry, variables))
    : undefined
  const rules = present('rules') ? await collect(loadRules(join(folder!, 'rules'))) : undefined
  const files = [...(present('gateways') ? await yamlFiles(join(folder!, 'gateways')) : []), ...gatewayFiles]
  const gateways = await Promise.all(files.map((file) => collect(loadGatewayConfig(file, variables))))
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    registry: registry ?? { sites: [] },
    rules: rules ?? [],
    gateways: gateways.filter((gateway) => gateway !== undefined),
  }
}

async function yamlFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name))
}
