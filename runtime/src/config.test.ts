import { expect, test } from 'vitest'
import { z } from 'zod'
import { ConfigError, parseYaml } from './config.ts'

const Schema = z.strictObject({
  port: z.number(),
  sites: z.array(z.strictObject({ id: z.string() })).default([]),
})

function problemsOf(text: string): string[] {
  try {
    parseYaml(text, Schema, 'x.yaml', { PORT: '1' })
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => `${p.line}|${p.path}|${p.message}`)
    throw error
  }
  return []
}

test('F8 every problem of a YAML file is named with its line and path', () => {
  expect(problemsOf('port: abc\nsites:\n  - id: a\n  - name: b\n')).toEqual([
    '1|port|Invalid input: expected number, received string',
    '4|sites[1].id|Invalid input: expected string, received undefined',
    '4|sites[1]|Unrecognized key: "name"',
  ])
})

test('F8 broken YAML and duplicate keys are refused with their line', () => {
  expect(problemsOf('port: 1\nport: 2\n')[0]).toMatch(/^2\|\|Map keys must be unique/)
  expect(problemsOf('port: [1\n')[0]).toMatch(/^\d+\|\|/)
})

test('a variable is replaced, a default used, a missing one named', () => {
  const parsed = parseYaml('port: 1\nsites: [{ id: "${A}-${B:-x}" }]', Schema, 'x.yaml', { A: 'a' })
  expect(parsed.sites[0]?.id).toBe('a-x')
  expect(problemsOf('port: 1\nsites:\n  - id: ${NOPE}\n')[0]).toMatch(/^3\|\|\$\{NOPE\} is not set/)
})
