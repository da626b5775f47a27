import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '@farwatch/model'
import { ConfigError, loadYaml, type Problem } from '@farwatch/runtime'
import { z } from 'zod'
import { type Rule, ruleSchema } from './rule.ts'

/** At most this many rules in one file. */
const maxRules = 5_000

/**
 * Every rule of the `*.yaml` and `*.yml` files in a folder, files in order of name.
 * @throws ConfigError with every mistake of every file: file, line, path, what was found and expected.
 */
export async function loadRules(folder: string): Promise<Rule[]> {
  const problems: Problem[] = []
  const rules: Rule[] = []
  const ids = new Map<string, string>()
  for (const file of await filesOf(folder)) {
    const schema = z.strictObject({ rules: z.array(ruleSchema(ids, file)).max(maxRules) })
    try {
      rules.push(...(await loadYaml(file, schema)).rules)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return rules
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder)
    return names
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(folder, name))
  } catch (error) {
    const message = `cannot be read: ${messageOf(error)}; expected a folder of rule files (*.yaml)`
    throw new ConfigError([{ file: folder, line: undefined, path: '', message }])
  }
}
