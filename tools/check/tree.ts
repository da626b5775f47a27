import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Files of a repository by their path from its root, with `/`. */
export type Tree = ReadonlyMap<string, string>

/** One broken rule. `line` is 1-based, 0 where the fault is the whole file's. */
export interface Fault {
  readonly file: string
  readonly line: number
  readonly message: string
}

const largestBytes = 4_000_000

/** Every text file that git tracks or would track. Deleted files that are still in the index are left out. */
export function readTree(root: string): Tree {
  // A clone that another user owns, as on many build machines, is refused by git unless told that it is safe.
  const listed = execFileSync(
    'git',
    ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: root, maxBuffer: 64_000_000 },
  )
  const tree = new Map<string, string>()
  for (const path of new Set(listed.toString('utf8').split('\0'))) {
    if (path === '') continue
    const stat = statSync(join(root, path), { throwIfNoEntry: false })
    if (stat === undefined || !stat.isFile() || stat.size > largestBytes) continue
    const bytes = readFileSync(join(root, path))
    if (!bytes.subarray(0, 8_000).includes(0)) tree.set(path, bytes.toString('utf8'))
  }
  return tree
}

/** 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}
