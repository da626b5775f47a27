import type { Random } from '../random.ts'

/** What looks like nothing, like something else, or changes its length under normalisation, case or encoding. */
const oddities = [
  '\u0000',
  '\ufeff',
  '\u200b',
  '\u202e',
  '\ud800',
  '\udfff',
  '\ufffd',
  'e\u0301',
  'ﬁ',
  'ß',
  'İ',
  'Ａ',
  '\u{1f468}\u200d\u{1f469}',
  '\u{10ffff}',
  '\u2028',
  '\r\n',
  '"',
  '\\',
  '/',
  '+',
  '#',
  '..',
  '%00',
  ' ',
  '一',
] as const

const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  '0',
  '-1',
  'NaN',
  'null',
] as const

/** A text with something odd in it, instead of it, or too much of it. */
export function mutateText(text: string, random: Random): string {
  const at = random.below(text.length + 1)
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + random.pick(oddities) + text.slice(at)
    case 1:
      return random.pick(oddities) + text
    case 2:
      return text.slice(0, at)
    case 3:
      return random.pick(names)
    case 4:
      return (
        text + text.slice(at).repeat(1 + random.below(random.chance(0.02) && text.length < 300 ? 2_000 : 4))
      )
    default:
      return text.slice(0, at) + random.pick(oddities) + text.slice(at + 1)
  }
}
