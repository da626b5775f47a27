import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { cyclesIn } from './cycles.ts'
import { type Import, importsOf } from './imports.ts'
import { type Package, packagesOf, scope } from './packages.ts'
import type { Fault, Tree } from './tree.ts'

const source = /\.(?:ts|tsx|mts|mjs|js)$/
/** Code that only runs under vitest may use the root's tools (vitest, fast-check). */
const testCode = /\.test\.tsx?$|\/test(?:ing|bed)\/|\/testing\.ts$|conformance/

/**
 * Who may import what: arrows between packages, declared dependencies, no way out of a package by `../`, a vocabulary
 * that runs anywhere, no circle of files.
 */
export function checkImports(tree: Tree, allowed: Readonly<Record<string, readonly string[]>>): Fault[] {
  const { root, workspaces } = packagesOf(tree)
  const owners = workspaces.toSorted((a, b) => b.folder.length - a.folder.length)
  const faults: Fault[] = []
  const edges = new Map<string, string[]>()
  for (const [file, text] of tree) {
    if (!source.test(file) || file.includes('/testdata/')) continue
    const owner = owners.find(({ folder }) => file.startsWith(`${folder}/`)) ?? root
    let imports: Import[]
    try {
      imports = importsOf(file, text)
    } catch (error) {
      faults.push({ file, line: 0, message: `cannot be parsed: ${(error as Error).message}` })
      continue
    }
    for (const one of imports) {
      const message = objection({ file, owner, one, root, workspaces, allowed })
      if (message !== undefined) faults.push({ file, line: one.line, message })
    }
    edges.set(
      file,
      imports
        .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
        .map(({ specifier }) => posix.join(posix.dirname(file), specifier)),
    )
  }
  for (const circle of cyclesIn(edges)) {
    faults.push({
      file: circle[0]!,
      line: 0,
      message: `imports itself: ${[...circle, circle[0]].join(' → ')}`,
    })
  }
  return faults
}

interface Question {
  readonly file: string
  readonly owner: Package
  readonly one: Import
  readonly root: Package
  readonly workspaces: readonly Package[]
  readonly allowed: Readonly<Record<string, readonly string[]>>
}

function objection({ file, owner, one, root, workspaces, allowed }: Question): string | undefined {
  // Vite's `?url` and `?worker` are part of how, not of what is imported.
  const specifier = one.specifier.replace(/\?\w+$/, '')
  const isRoot = owner === root
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(file), specifier)
    const inside = isRoot
      ? !target.startsWith('../') && !workspaces.some(({ folder }) => target.startsWith(`${folder}/`))
      : target.startsWith(`${owner.folder}/`)
    return inside ? undefined : `"${specifier}" leaves its package: import it by its package's name`
  }
  if (specifier.startsWith('/') || /^https?:/.test(specifier)) return `"${specifier}" is no package`
  if (isBuiltin(specifier)) {
    return owner.name === 'model' && !testCode.test(file)
      ? `model runs anywhere, "${specifier}" does not`
      : undefined
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (!name.startsWith(scope)) {
    const declared =
      owner.dependencies.has(name) ||
      owner.devDependencies.has(name) ||
      owner.devDependencies.has(`@types/${name}`) ||
      (testCode.test(file) && root.devDependencies.has(name))
    return declared ? undefined : `${name} is not declared in ${posix.join(owner.folder, 'package.json')}`
  }
  const target = workspaces.find((workspace) => `${scope}${workspace.name}` === name)
  if (target === undefined) return `${name} is no workspace`
  if (!target.exports.has(`.${specifier.slice(name.length)}`)) {
    return `${name} does not export ".${specifier.slice(name.length)}"`
  }
  if (isRoot) return undefined
  if (target === owner) return `${owner.name} imports itself by name: use a relative path`
  if (!allowed[owner.name]?.includes(target.name)) {
    const may = allowed[owner.name]?.join(', ') || 'nothing'
    return `${owner.name} may not import ${target.name} (tools/packages.ts allows ${may})`
  }
  if (!owner.dependencies.has(name)) return `${name} is not declared in ${owner.folder}/package.json`
  return undefined
}
