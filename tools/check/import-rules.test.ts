import { expect, test } from 'vitest'
import { checkImports } from './import-rules.ts'
import { checkPackages } from './packages.ts'

const allowed = { model: [], rules: ['model'], gateway: ['model'] }

/** A sound repository of three packages, with some files replaced or added. */
function repository(changes: Record<string, string>): Map<string, string> {
  const manifest = (name: string, rest: object) => JSON.stringify({ name: `@farwatch/${name}`, ...rest })
  return new Map(
    Object.entries({
      'package.json': JSON.stringify({
        name: 'farwatch',
        workspaces: ['model', 'rules', 'gateway'],
        devDependencies: { vitest: '5.1.1' },
      }),
      'model/package.json': manifest('model', {
        exports: { '.': './src/index.ts' },
        dependencies: { zod: '4.6.7' },
      }),
      'model/src/index.ts': `import { z } from 'zod'\nexport const A = z.string()\nexport type A = string\n`,
      'rules/package.json': manifest('rules', {
        exports: { '.': './src/index.ts', './testing': './src/testing.ts' },
        dependencies: { '@farwatch/model': '*' },
      }),
      'rules/src/index.ts': `import { A } from '@farwatch/model'\nexport * from './a.ts'\nexport { A }\n`,
      'rules/src/a.ts': `import { readFile } from 'node:fs/promises'\nexport const a = readFile\n`,
      'rules/src/a.test.ts': `import { test } from 'vitest'\nimport { a } from './a.ts'\ntest('a', () => a)\n`,
      'gateway/package.json': manifest('gateway', {
        exports: { '.': './src/index.ts' },
        dependencies: { '@farwatch/model': '*', '@farwatch/rules': '*' },
      }),
      'gateway/src/index.ts': `export {}\n`,
      ...changes,
    }),
  )
}

function faultsOf(changes: Record<string, string>): string[] {
  return checkImports(repository(changes), allowed).map(
    ({ file, line, message }) => `${file}:${line} ${message}`,
  )
}

test('F1 a sound repository has no fault', () => {
  expect(faultsOf({})).toEqual([])
  expect(checkPackages(repository({}), allowed)).toEqual([])
})

test('F1 a service that imports another is refused, however it does it', () => {
  const message = 'gateway may not import rules (tools/packages.ts allows model)'
  for (const line of [
    `import { a } from '@farwatch/rules'`,
    `import type { a } from '@farwatch/rules'`,
    `export * from '@farwatch/rules'`,
    `export { a } from '@farwatch/rules/testing'`,
    `const a = await import('@farwatch/rules')`,
    `type B = { b: import('@farwatch/rules').B }`,
  ]) {
    expect(faultsOf({ 'gateway/src/b.ts': `\n${line}\n` }), line).toEqual([`gateway/src/b.ts:2 ${message}`])
  }
})

test('F1 an import in a comment or a string is none', () => {
  expect(
    faultsOf({
      'gateway/src/b.ts': `// import '@farwatch/rules'\nexport const b = "import '@farwatch/rules'"\n`,
    }),
  ).toEqual([])
})

test('F1 what a package imports it declares; tests may also use the tools of the root', () => {
  expect(faultsOf({ 'rules/src/b.tsx': `import { of } from 'rxjs/operators'\n` })).toEqual([
    'rules/src/b.tsx:1 rxjs is not declared in rules/package.json',
  ])
  expect(faultsOf({ 'rules/src/b.ts': `import { test } from 'vitest'\n` })).toEqual([
    'rules/src/b.ts:1 vitest is not declared in rules/package.json',
  ])
  const undeclared = { name: '@farwatch/rules', exports: { '.': './src/index.ts' } }
  expect(faultsOf({ 'rules/package.json': JSON.stringify(undeclared) })).toEqual([
    'rules/src/index.ts:1 @farwatch/model is not declared in rules/package.json',
  ])
})

test('F1 a package is entered by its exports and left by their names', () => {
  expect(faultsOf({ 'rules/src/b.ts': `import '@farwatch/model/src/a.ts'\n` })).toEqual([
    'rules/src/b.ts:1 @farwatch/model does not export "./src/a.ts"',
  ])
  expect(faultsOf({ 'rules/src/b.ts': `import '../../model/src/index.ts'\n` })).toEqual([
    'rules/src/b.ts:1 "../../model/src/index.ts" leaves its package: import it by its package\'s name',
  ])
  expect(faultsOf({ 'tools/b.ts': `import '../model/src/index.ts'\n` })).toHaveLength(1)
  expect(faultsOf({ 'tools/b.ts': `import '../other.ts'\nimport '@farwatch/rules'\n` })).toEqual([])
})

test('F1 the vocabulary runs anywhere', () => {
  expect(faultsOf({ 'model/src/b.ts': `import { join } from 'node:path'\n` })).toEqual([
    'model/src/b.ts:1 model runs anywhere, "node:path" does not',
  ])
  expect(faultsOf({ 'model/src/b.test.ts': `import { join } from 'node:path'\n` })).toEqual([])
})

test('F1 files that import one another in a circle are named; a circle of types is none', () => {
  const b = `import { c } from './c.ts'\nexport const b = c\n`
  expect(
    faultsOf({ 'rules/src/b.ts': b, 'rules/src/c.ts': `export * from './d.ts'\nexport const c = 1\n` }),
  ).toEqual([])
  expect(
    faultsOf({ 'rules/src/b.ts': b, 'rules/src/c.ts': `import { b } from './b.ts'\nexport const c = b\n` }),
  ).toEqual(['rules/src/b.ts:0 imports itself: rules/src/b.ts → rules/src/c.ts → rules/src/b.ts'])
  expect(
    faultsOf({
      'rules/src/b.ts': b,
      'rules/src/c.ts': `import type { b } from './b.ts'\nexport const c = 1 as typeof b\n`,
    }),
  ).toEqual([])
})

test('F1 a source that cannot be parsed is a fault, not a gap', () => {
  expect(faultsOf({ 'rules/src/b.ts': `import {\n` })[0]).toMatch(/^rules\/src\/b\.ts:0 cannot be parsed/)
})

test('F1 versions are exact and every workspace has its arrows', () => {
  const changed = repository({
    'model/package.json': JSON.stringify({ name: '@farwatch/model', dependencies: { zod: '^4.6.7' } }),
  })
  expect(checkPackages(changed, { model: [], rules: [], ui: [] }).map(({ message }) => message)).toEqual([
    'zod is "^4.6.7", expected an exact version',
    'workspace gateway is missing: say what it may import',
    'ui is no workspace',
  ])
})
