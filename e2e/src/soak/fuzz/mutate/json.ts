import type { Random } from '../random.ts'
import { mutateBytes } from './bytes.ts'
import { mutateText } from './text.ts'

/** A JSON value (RFC 8259) that keeps its spelling, so that doubled keys and numbers beyond float64 can be said. */
type Node =
  | { kind: 'object'; entries: { key: string; value: Node }[] }
  | { kind: 'list'; items: Node[] }
  | { kind: 'raw'; text: string }

const extremes = [
  ...[
    '1e999',
    '-1e999',
    'NaN',
    'Infinity',
    '-0',
    '0.1e-400',
    '9007199254740993',
    '253402300800000',
    '-1',
    '1e20',
    '1.5',
  ],
  ...[
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '"\\ud800"',
    '"\\u0000"',
    '"__proto__"',
    '1e',
    '01',
    '+1',
    '.5',
    '0x10',
    "'a'",
  ],
  ...['""', '[[[[]]]]', '{"__proto__":{"a":1}}', '{"a":1,"a":2}', '"\\/"', '1795440000000', '1795440000'],
] as const

/** What is longer is not doubled a thousand times. */
const maxCopied = 200

/** Changes JSON as a tree of spellings, then sometimes its bytes. */
export function mutateJson(input: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(input).toString()
  let root: Node
  try {
    root = nodeOf(JSON.parse(text))
  } catch {
    return mutateBytes(input, random)
  }
  for (let changes = 1 + random.below(3); changes > 0; changes--) root = change(root, random)
  const bytes = Buffer.from(textOf(root))
  if (random.chance(0.1)) return Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), bytes])
  return random.chance(0.15) ? mutateBytes(bytes, random) : bytes
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(nodeOf) }
  if (typeof value !== 'object' || value === null) return raw(JSON.stringify(value))
  return {
    kind: 'object',
    entries: Object.entries(value).map(([key, one]) => ({ key: JSON.stringify(key), value: nodeOf(one) })),
  }
}

function textOf(node: Node): string {
  if (node.kind === 'raw') return node.text
  if (node.kind === 'list') return `[${node.items.map(textOf).join(',')}]`
  return `{${node.entries.map(({ key, value }) => `${key}:${textOf(value)}`).join(',')}}`
}

/** The same tree with one change somewhere in it. */
function change(node: Node, random: Random): Node {
  if (node.kind !== 'raw' && random.chance(0.75)) return inside(node, random)
  switch (random.below(4)) {
    case 0:
      return nested(node, random)
    case 1:
      return raw(JSON.stringify(mutateText(node.kind === 'raw' ? node.text : 'text', random)))
    default:
      return raw(random.pick(extremes))
  }
}

function inside(node: Exclude<Node, { kind: 'raw' }>, random: Random): Node {
  if (node.kind === 'list') {
    const at = random.below(node.items.length)
    const item = node.items[at]
    if (item === undefined) return raw(random.pick(extremes))
    const copies = random.chance(0.05) && textOf(item).length < maxCopied ? 2_000 : 4
    const instead = random.chance(0.7) ? [change(item, random)] : Array<Node>(random.below(copies)).fill(item)
    return { kind: 'list', items: node.items.toSpliced(at, 1, ...instead) }
  }
  const at = random.below(node.entries.length)
  const entry = node.entries[at]
  if (entry === undefined) return raw(random.pick(extremes))
  const { key, value } = entry
  const entries = (...instead: { key: string; value: Node }[]): Node => ({
    kind: 'object',
    entries: node.entries.toSpliced(at, 1, ...instead),
  })
  switch (random.below(6)) {
    case 0:
      return entries(entry, { key, value: change(value, random) })
    case 1:
      return entries()
    case 2:
      return entries({ key: JSON.stringify(mutateText(key.slice(1, -1), random)), value })
    case 3:
      return random.chance(0.05)
        ? entries(...many(value, random))
        : entries({ key: '"__proto__"', value }, entry)
    default:
      return entries({ key, value: change(value, random) })
  }
}

function many(value: Node, random: Random): { key: string; value: Node }[] {
  const copied = textOf(value).length < maxCopied ? value : raw('1')
  return Array.from({ length: 900 + random.below(1_100) }, (_, i) => ({ key: `"k${i}"`, value: copied }))
}

/** JSON.parse has no bound of depth; whoever walks what it returns has one. */
function nested(node: Node, random: Random): Node {
  const levels = random.chance(0.05) ? 5_000 + random.below(20_000) : 1 + random.below(30)
  const [open, close] = random.chance(0.5) ? ['[', ']'] : ['{"a":', '}']
  return raw(open.repeat(levels) + textOf(node) + close.repeat(levels))
}

function raw(text: string): Node {
  return { kind: 'raw', text }
}
