import { type Fault, lineAt, type Tree } from './tree.ts'

const code = /\.(?:ts|tsx|mts|mjs|js|css|sql|sh|html)$/
const mostLines = 400

/** Rules of the house that no linter knows. `longFiles` maps a file over 400 lines to the reason why it stays whole. */
export function checkHouse(tree: Tree, longFiles: Readonly<Record<string, string>>): Fault[] {
  return [
    ...tooLong(tree, longFiles),
    ...forbidden(tree),
    ...lockFile(tree),
    ...translations(tree, 'README.md', 'README.zh-CN.md'),
  ]
}

function tooLong(tree: Tree, longFiles: Readonly<Record<string, string>>): Fault[] {
  const faults: Fault[] = []
  for (const [file, text] of tree) {
    const lines = text.split('\n').length - 1
    if (!code.test(file) || lines <= mostLines || longFiles[file]) continue
    const message = `${lines} lines, at most ${mostLines}: split it by subject, or give a reason in tools/check/long-files.ts`
    faults.push({ file, line: 0, message })
  }
  for (const file of Object.keys(longFiles)) {
    if ((tree.get(file) ?? '').split('\n').length - 1 > mostLines) continue
    faults.push({ file: 'tools/check/long-files.ts', line: 0, message: `${file} is not long any more` })
  }
  return faults
}

interface Ban {
  readonly pattern: RegExp
  readonly files: RegExp
  readonly message: string
}

const bans: readonly Ban[] = [
  {
    pattern: /\b(?:test|it|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo)\b/g,
    files: /\.test\.tsx?$|conformance/,
    message: 'a test left out; one that needs a foreign peer uses skipWithoutPeer',
  },
  {
    pattern: /(?<![\w./-])\/(?:work|root|home\/[a-z]\w*|Users\/\w+)\//g,
    files: /(?<!package-lock\.json)$/,
    message: 'a path of one machine',
  },
  {
    pattern:
      /\b(?:registry\.npm\w*\.(?:org|com)|npm\.pkg\.github\.com|[\w-]*(?:verdaccio|nexus|artifactory)[\w-]*\.\w+)/g,
    files: /(?<!package-lock\.json)$/,
    message: 'the address of a package registry: it belongs into the user’s own npm settings',
  },
]

function forbidden(tree: Tree): Fault[] {
  const faults: Fault[] = []
  for (const [file, text] of tree) {
    for (const { pattern, files, message } of bans) {
      if (!files.test(file)) continue
      for (const match of text.matchAll(pattern)) {
        faults.push({ file, line: lineAt(text, match.index), message: `${message}: ${match[0]}` })
      }
    }
  }
  return faults
}

function lockFile(tree: Tree): Fault[] {
  const file = 'package-lock.json'
  const text = tree.get(file)
  if (text === undefined) return []
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, { resolved?: string }> }
  return Object.entries(packages)
    .filter(([, { resolved }]) => /^\w+:\/\//.test(resolved ?? ''))
    .map(([name]) => ({
      file,
      line: 0,
      message: `${name} carries the address it came from: "npm install" with this repository's .npmrc leaves it out`,
    }))
}

/** Two translations have the same shape: as many headings of the same depth in the same order. */
function translations(tree: Tree, original: string, translation: string): Fault[] {
  const [first, second] = [tree.get(original), tree.get(translation)]
  if (first === undefined && second === undefined) return []
  if (first === undefined || second === undefined) {
    const [there, missing] = first === undefined ? [translation, original] : [original, translation]
    return [{ file: there, line: 0, message: `${missing} is missing: both languages or neither` }]
  }
  const [ours, theirs] = [headings(first), headings(second)]
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [a, b] = [ours[i], theirs[i]]
    if (a?.depth === b?.depth) continue
    const name = (heading: Heading | undefined) =>
      heading ? `"${'#'.repeat(heading.depth)} ${heading.title}"` : 'nothing'
    return [
      {
        file: translation,
        line: b?.line ?? 0,
        message: `heading ${i + 1} is ${name(b)} where ${original} has ${name(a)}`,
      },
    ]
  }
  return []
}

interface Heading {
  readonly depth: number
  readonly title: string
  readonly line: number
}

function headings(markdown: string): Heading[] {
  const found: Heading[] = []
  let fenced = false
  for (const [i, line] of markdown.split('\n').entries()) {
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced
    const match = fenced ? null : /^(#{1,6}) +(.+)$/.exec(line)
    if (match) found.push({ depth: match[1]!.length, title: match[2]!, line: i + 1 })
  }
  return found
}
