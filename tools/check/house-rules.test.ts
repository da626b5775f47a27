import { expect, test } from 'vitest'
import { checkHouse } from './house-rules.ts'

function faultsOf(files: Record<string, string>, longFiles: Record<string, string> = {}): string[] {
  return checkHouse(new Map(Object.entries(files)), longFiles).map(
    ({ file, line, message }) => `${file}:${line} ${message}`,
  )
}

test('F1 a file over 400 lines needs a reason, and a reason needs such a file', () => {
  const long = 'x\n'.repeat(401)
  expect(faultsOf({ 'a/src/a.ts': long })[0]).toMatch(/^a\/src\/a\.ts:0 401 lines, at most 400/)
  expect(faultsOf({ 'a/src/a.ts': 'x\n'.repeat(400), 'a/README.md': long })).toEqual([])
  expect(faultsOf({ 'a/src/a.ts': long }, { 'a/src/a.ts': 'one table of codes' })).toEqual([])
  expect(faultsOf({}, { 'a/src/a.ts': 'one table of codes' })).toEqual([
    'tools/check/long-files.ts:0 a/src/a.ts is not long any more',
  ])
})

test('F1 no test is left out', () => {
  for (const left of ['only', 'skip', 'todo', 'concurrent.only']) {
    expect(faultsOf({ 'a/src/a.test.ts': `\ntest.${left}('a', () => {})\n` }), left).toHaveLength(1)
  }
  expect(faultsOf({ 'a/src/a.test.ts': `context.skip('why')\nsubject.skip(3)\n` })).toEqual([])
})

test('F1 no path of one machine and no registry gets into the repository', () => {
  for (const folder of ['home/someone', 'root', 'work', 'Users/Someone']) {
    expect(faultsOf({ 'docs/a.md': `see /${folder}/a.txt\n` }), folder).toHaveLength(1)
  }
  expect(faultsOf({ 'docs/a.md': 'see https://example.org/work/a and ./home/x/ and a/root/b\n' })).toEqual([])
  expect(faultsOf({ '.npmrc': `registry=https://registry.${'npmjs'}.org\n` })).toHaveLength(1)
})

test('F1 the lock file carries no addresses', () => {
  const lock = (resolved: string) => ({
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/zod': { version: '4.6.7', resolved } } }),
  })
  expect(faultsOf(lock('https://packages.example/zod.tgz'))[0]).toContain(
    'node_modules/zod carries the address',
  )
  expect(faultsOf(lock('model'))).toEqual([])
})

test('F1 both READMEs have the same headings', () => {
  const english = '# Farwatch\n\n## Start\n\n```sh\n# a comment\n```\n\n### Ports\n'
  expect(faultsOf({ 'README.md': english, 'README.zh-CN.md': '# 远望\n## 开始\n### 端口\n' })).toEqual([])
  expect(faultsOf({ 'README.md': english, 'README.zh-CN.md': '# 远望\n## 开始\n## 端口\n' })).toEqual([
    'README.zh-CN.md:3 heading 3 is "## 端口" where README.md has "### Ports"',
  ])
  expect(faultsOf({ 'README.md': english, 'README.zh-CN.md': '# 远望\n' })[0]).toContain('is nothing where')
  expect(faultsOf({ 'README.md': english })).toEqual([
    'README.md:0 README.zh-CN.md is missing: both languages or neither',
  ])
})
