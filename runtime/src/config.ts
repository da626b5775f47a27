import { readFile } from 'node:fs/promises'
import { FarwatchError, messageOf } from '@farwatch/model'
import { LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'

export interface Problem {
  /** File name as given. */
  readonly file: string
  /** 1-based, undefined where the fault has no place in the text (a missing key at the top). */
  readonly line: number | undefined
  /** `sites[2].devices[0].id` */
  readonly path: string
  readonly message: string
}

/** A configuration that cannot be used: every problem at once, each with its place. */
export class ConfigError extends FarwatchError<'bad-config'> {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('bad-config', problems.map(formatProblem).join('\n'))
    this.problems = problems
  }
}

function formatProblem({ file, line, path, message }: Problem): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${path === '' ? '' : `${path}: `}${message}`
}

const maxBytes = 16 * 1024 * 1024

/** What `${NAME}` in a string stands for; usually the environment. */
export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Parses YAML 1.2 strictly: duplicate keys, unknown keys and wrong types are problems with their line. `${NAME}` and
 * `${NAME:-default}` inside strings are replaced from `variables`, so that secrets and ports stay out of files.
 * @throws ConfigError with all of them.
 */
export function parseYaml<T>(
  text: string,
  schema: z.ZodType<T>,
  file: string,
  variables: Variables = process.env,
): T {
  if (text.length > maxBytes)
    throw new ConfigError([{ file, line: undefined, path: '', message: 'over 16 MB' }])
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, strict: true })
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => ({
        file,
        line: error.linePos?.[0].line,
        path: '',
        message: error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''),
      })),
    )
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    throw new ConfigError([{ file, line: undefined, path: '', message: messageOf(error) }])
  }
  const missing = new Set<string>()
  value = substitute(value, variables, missing)
  if (missing.size > 0) {
    throw new ConfigError(
      [...missing].map((name) => ({
        file,
        line: counter.linePos(Math.max(0, text.indexOf(`\${${name}`))).line,
        path: '',
        message: `\${${name}} is not set: found no such environment variable; set it or write \${${name}:-default}`,
      })),
    )
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ConfigError(
    parsed.error.issues.map((issue) => ({
      file,
      line: lineOf(issue.path),
      path: formatPath(issue.path),
      message: issue.message,
    })),
  )

  /** Line of the deepest part of a path that exists in the text. */
  function lineOf(path: readonly PropertyKey[]): number | undefined {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true) as
        | { range?: [number, number, number] }
        | undefined
      if (node?.range) return counter.linePos(node.range[0]).line
    }
    return undefined
  }
}

/** Reads and parses one file. @throws ConfigError also when it cannot be read. */
export async function loadYaml<T>(file: string, schema: z.ZodType<T>, variables?: Variables): Promise<T> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigError([
      { file, line: undefined, path: '', message: `cannot be read: ${messageOf(error)}` },
    ])
  }
  return parseYaml(text, schema, file, variables)
}

function substitute(value: unknown, variables: Variables, missing: Set<string>): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/g, (_, name: string, fallback?: string) => {
      const found = variables[name] ?? fallback
      if (found === undefined) missing.add(name)
      return found ?? ''
    })
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, variables, missing))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, substitute(item, variables, missing)]),
  )
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('')
}
