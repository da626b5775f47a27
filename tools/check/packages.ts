import type { Fault, Tree } from './tree.ts'

/** A workspace as its package.json declares it. */
export interface Package {
  /** Without the scope: `console-server`. */
  readonly name: string
  /** `console/server` */
  readonly folder: string
  readonly dependencies: ReadonlySet<string>
  readonly devDependencies: ReadonlySet<string>
  /** `.`, `./testing` */
  readonly exports: ReadonlySet<string>
}

export const scope = '@farwatch/'

interface Manifest {
  readonly name: string
  readonly workspaces?: readonly string[]
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly exports?: Record<string, string>
}

/** The root (folder `''`) and its workspaces. */
export function packagesOf(tree: Tree): { root: Package; workspaces: Package[] } {
  const manifest = manifestOf(tree, 'package.json')
  return {
    root: packageOf('', manifest),
    workspaces: (manifest.workspaces ?? []).map((folder) =>
      packageOf(folder, manifestOf(tree, `${folder}/package.json`)),
    ),
  }
}

/** Versions are exact, so that everybody runs the same; the list of arrows names every workspace and no other. */
export function checkPackages(tree: Tree, allowed: Readonly<Record<string, readonly string[]>>): Fault[] {
  const faults: Fault[] = []
  const { root, workspaces } = packagesOf(tree)
  for (const { folder } of [root, ...workspaces]) {
    const file = folder === '' ? 'package.json' : `${folder}/package.json`
    const { dependencies, devDependencies } = manifestOf(tree, file)
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (name.startsWith(scope) ? version !== '*' : !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)) {
        const expected = name.startsWith(scope) ? '"*"' : 'an exact version'
        faults.push({ file, line: 0, message: `${name} is "${version}", expected ${expected}` })
      }
    }
  }
  const names = new Set(workspaces.map(({ name }) => name))
  const fault = (message: string) => faults.push({ file: 'tools/packages.ts', line: 0, message })
  for (const name of names) if (!allowed[name]) fault(`workspace ${name} is missing: say what it may import`)
  for (const name of Object.keys(allowed)) if (!names.has(name)) fault(`${name} is no workspace`)
  return faults
}

function manifestOf(tree: Tree, file: string): Manifest {
  const text = tree.get(file)
  if (text === undefined) throw new Error(`${file} is missing, but package.json lists the workspace`)
  return JSON.parse(text) as Manifest
}

function packageOf(folder: string, manifest: Manifest): Package {
  return {
    name: manifest.name.replace(scope, ''),
    folder,
    dependencies: new Set(Object.keys(manifest.dependencies ?? {})),
    devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
    exports: new Set(Object.keys(manifest.exports ?? {})),
  }
}
