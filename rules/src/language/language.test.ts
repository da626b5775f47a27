import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pointsOf } from '@farwatch/model'
import { ConfigError } from '@farwatch/runtime'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gasRules, registry, rulesOf } from '../testing/city.ts'
import { loadRules } from './load.ts'
import { RuleIndex, type Target } from './match.ts'
import type { Rule } from './rule.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-rules-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function problems(): Promise<string[]> {
  const error: unknown = await loadRules(folder).catch((thrown: unknown) => thrown)
  if (!(error instanceof ConfigError)) throw new Error('expected a ConfigError')
  return error.problems.map(
    ({ file, line, path, message }) => `${file.slice(folder.length + 1)}:${line} ${path} ${message}`,
  )
}

test('F4 rules are read from every file of a folder', async () => {
  await writeFile(join(folder, 'gas.yaml'), gasRules)
  await writeFile(join(folder, 'notes.txt'), 'not a rule')
  const rules = await loadRules(folder)
  expect(rules.map(({ id, version, when }) => [id, version, when.type])).toEqual([
    ['gas-1', 1, 'threshold'],
    ['point-silent', 1, 'silence'],
  ])
})

test('F4 the example in docs/write-a-rule.md is a valid rule file', async () => {
  const text = await readFile(new URL('../../../docs/write-a-rule.md', import.meta.url), 'utf8')
  const [, example] = /```yaml\n(rules:[\s\S]*?)```/.exec(text)!
  expect(rulesOf(example!).map(({ id }) => id)).toEqual(['gas-level-1', 'point-silent'])
})

test('F8 every mistake of every rule file is named at once, with file, line and path', async () => {
  await writeFile(
    join(folder, 'a.yaml'),
    `rules:
  - id: one
    level: purple
    title: { zh: 一, en: one }
    for: {}
    when: { type: threshold, above: 25, clear: 26 }
  - id: one
    level: red
    title: { zh: 二 }
    for: { kinds: [brewery], metrcs: [x] }
    when: { type: threshold, above: 1, below: 2 }
`,
  )
  await writeFile(
    join(folder, 'b.yaml'),
    `rules:
  - id: one
    level: red
    title: { zh: 三, en: three }
    for: {}
    when: { type: treshold, above: 1 }
`,
  )
  await writeFile(join(folder, 'c.yaml'), 'rules:\n  - id: x\n  id: y\n')
  const found = await problems()
  const expected = [
    /^a\.yaml:3 rules\[0\]\.level .*"red"/,
    /^a\.yaml:6 rules\[0\]\.when\.clear found 26, expected at most the limit 25/,
    /^a\.yaml:7 rules\[1\]\.id "one" is already the id of a rule in .*a\.yaml/,
    /^a\.yaml:9 rules\[1\]\.title\.en /,
    /^a\.yaml:10 rules\[1\]\.for\.kinds\[0\] /,
    /^a\.yaml:10 rules\[1\]\.for Unrecognized key: "metrcs"/,
    /^a\.yaml:11 rules\[1\]\.when found both of "above" and "below"/,
    /^b\.yaml:2 rules\[0\]\.id "one" is already the id of a rule in .*a\.yaml/,
    /^b\.yaml:6 rules\[0\]\.when\.type /,
    /^c\.yaml:\d+ /,
  ]
  for (const pattern of expected)
    expect(found, String(pattern)).toContainEqual(expect.stringMatching(pattern))
})

test('F8 a folder that is not there says so', async () => {
  await rm(folder, { recursive: true })
  expect((await problems())[0]).toContain('expected a folder of rule files')
})

test('F4 a rule is for the points that match all it says', () => {
  const keysOf = (scope: string) => {
    const matches = isFor(rulesOf(gasRules.replace('{ sites: [E01, E09] }', scope))[1]!)
    return Array.from(pointsOf(registry), ({ key, site, device, point }) => ({
      key,
      site: site.id,
      device: device.id,
      metric: point.metric,
      registered: { site, device, point },
    }))
      .filter(matches)
      .map(({ key }) => key)
  }
  const gas = ['E01/Cellar/LEL01', 'E01/Cellar/LEL02']
  expect(keysOf('{}')).toHaveLength(3)
  expect(keysOf('{ kinds: [distillery] }')).toEqual(gas)
  expect(keysOf('{ sites: ["E*"], metrics: ["LEL*"] }')).toEqual(gas)
  expect(keysOf('{ metrics: ["*02", temp] }')).toEqual(['E01/Cellar/LEL02'])
  expect(keysOf('{ devices: [room1], unit: "%LEL" }')).toEqual([])
  expect(keysOf('{ unit: "°C" }')).toEqual(['E09/room1/temperature'])
})

test('F4 a point that no registry names matches only where a rule says so', () => {
  const stranger = { key: 'X/d/LEL9', site: 'X', device: 'd', metric: 'LEL9' }
  const matches = (scope: string) =>
    isFor(rulesOf(gasRules.replace('{ sites: [E01, E09] }', scope))[1]!)(stranger)
  expect(matches('{ metrics: ["LEL*"] }')).toBe(false)
  expect(matches('{ metrics: ["LEL*"], unregistered: true }')).toBe(true)
  expect(matches('{ unit: "%LEL", unregistered: true }')).toBe(false)
})

test('F4 globs match as the regular expression that they mean', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: 1, maxLength: 8 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(letters, name, (glob, metric) => {
      const rule = rulesOf(
        gasRules.replace('{ sites: [E01, E09] }', `{ metrics: ["${glob}"], unregistered: true }`),
      )[1]!
      const target = { key: `X/d/${metric}`, site: 'X', device: 'd', metric }
      const expected = new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(metric)
      expect(isFor(rule)(target)).toBe(expected)
    }),
    { numRuns: 500 },
  )
})

function isFor(rule: Rule): (target: Target) => boolean {
  const index = new RuleIndex([rule])
  return (target) => index.rulesFor(target).length > 0
}
