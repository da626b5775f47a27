import { parseSync } from 'vite'
import { lineAt } from './tree.ts'

export interface Import {
  /** As written: `./a.ts`, `@farwatch/model`, `node:fs`. */
  readonly specifier: string
  readonly line: number
  /** Nothing of it is left when the types are stripped. */
  readonly typeOnly: boolean
}

/**
 * Every import, re-export, dynamic import of a literal and `import('…')` type of a TypeScript source.
 * @throws Error when the source cannot be parsed.
 */
export function importsOf(file: string, source: string): Import[] {
  const { module, errors, program } = parseSync(file, source)
  if (errors[0]) throw new Error(errors[0].message)
  // The parser lists `import { a }` … `export { a }` twice at one place: once is enough, as a value if either is.
  const found = new Map<string, Import>()
  const add = (specifier: string, start: number, typeOnly: boolean) => {
    const key = `${start} ${specifier}`
    const before = found.get(key)?.typeOnly ?? true
    found.set(key, { specifier, line: lineAt(source, start), typeOnly: typeOnly && before })
  }
  for (const { moduleRequest, start, entries } of module.staticImports) {
    add(moduleRequest.value, start, entries.length > 0 && entries.every((entry) => entry.isType))
  }
  for (const { start, entries } of module.staticExports) {
    const from = entries.find((entry) => entry.moduleRequest)?.moduleRequest
    if (from)
      add(
        from.value,
        start,
        entries.every((entry) => entry.isType),
      )
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const literal = /^(['"`])([^$]*)\1$/.exec(source.slice(moduleRequest.start, moduleRequest.end))?.[2]
    if (literal !== undefined) add(literal, start, false)
  }
  for (const { specifier, start } of typeImports(program)) add(specifier, start, true)
  return [...found.values()]
}

/** `import('x').Y` in type positions, which the parser's list of imports leaves out. */
function typeImports(node: unknown): { specifier: string; start: number }[] {
  if (Array.isArray(node)) return node.flatMap(typeImports)
  if (typeof node !== 'object' || node === null) return []
  const { type, source, start } = node as { type?: string; source?: { value?: string }; start?: number }
  const inner = Object.values(node).flatMap((child) => (typeof child === 'object' ? typeImports(child) : []))
  if (type !== 'TSImportType' || typeof source?.value !== 'string') return inner
  return [{ specifier: source.value, start: start ?? 0 }, ...inner]
}
