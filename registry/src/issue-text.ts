import type { Text } from '@farwatch/model'
import type { z } from 'zod'
import { foundOf, shown } from './words.ts'

type Issue = z.core.$ZodIssue

const types: Readonly<Record<string, Text>> = {
  string: { zh: '文本', en: 'a text' },
  number: { zh: '数字', en: 'a number' },
  int: { zh: '整数', en: 'a whole number' },
  boolean: { zh: '是或否', en: 'true or false' },
  object: { zh: '一组字段', en: 'an object' },
  array: { zh: '列表', en: 'a list' },
  tuple: { zh: '列表', en: 'a list' },
}

const formats: Readonly<Record<string, Text>> = {
  date: { zh: '日期，例如 2026-11-23', en: 'a day such as 2026-11-23' },
}

/** What this model's own rules expect, in Chinese; their English stands beside the rules. */
const rules: Readonly<Record<string, string>> = {
  'letters, digits and _ . : - only': '仅限文字、数字和 _ . : -',
  '__proto__ cannot be a name': '不能使用 __proto__',
  'digits, space, + ( ) -': '仅限数字、空格和 + ( ) -',
  'six digits of GB/T 2260, or nine with the town of GB/T 10114':
    'GB/T 2260 的 6 位代码，或含乡镇的 9 位代码',
  '18 digits and capital letters without I, O, S, V, Z': '18 位数字和大写字母（不含 I、O、S、V、Z）',
  'the check character does not fit': '校验位不符，请核对统一社会信用代码',
  'expected SITE/DEVICE/METRIC': '站点/设备/测点',
  'expected 2 names with / between': '站点/名称',
  'expected either a point, or an outlet and a parameter': '二者选一：测点；或排放口和监测因子',
}

/** What is wrong with a field, by what the schema says of it: what was found, what is expected. */
export function issueText(issue: Issue, found: unknown): Text {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map(shown).join(', ')
    return { zh: `没有字段 ${keys}，请删除`, en: `found ${keys}, expected no such field; leave it out` }
  }
  const { zh, en } = foundOf(found)
  const expected = expectedOf(issue)
  return { zh: `填写值：${zh}；要求：${expected.zh}`, en: `found ${en}, expected ${expected.en}` }
}

function expectedOf(issue: Issue): Text {
  switch (issue.code) {
    case 'invalid_type':
      return types[issue.expected] ?? { zh: issue.expected, en: issue.expected }
    case 'invalid_value': {
      const values = issue.values.map(String)
      return { zh: `${values.join('、')} 之一`, en: `one of ${values.join(', ')}` }
    }
    case 'too_big':
    case 'too_small':
      return boundOf(issue)
    default: {
      const format = issue.code === 'invalid_format' ? formats[issue.format] : undefined
      if (format !== undefined) return format
      const rule = issue.message.replace(/^Invalid [^:]*: /, '')
      return { zh: rules[rule] ?? rule, en: rule.replace(/^expected /, '') }
    }
  }
}

function boundOf(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): Text {
  const most = issue.code === 'too_big'
  const bound = String(most ? issue.maximum : issue.minimum)
  const [zh, en] = units[issue.origin] ?? ['', '']
  if (issue.inclusive === false)
    return most
      ? { zh: `小于 ${bound}${zh}`, en: `less than ${bound}${en}` }
      : { zh: `大于 ${bound}${zh}`, en: `more than ${bound}${en}` }
  return most
    ? { zh: `最多 ${bound}${zh}`, en: `at most ${bound}${en}` }
    : { zh: `至少 ${bound}${zh}`, en: `at least ${bound}${en}` }
}

const units: Readonly<Record<string, readonly [zh: string, en: string]>> = {
  string: [' 个字符', ' characters'],
  array: [' 项', ' entries'],
}
