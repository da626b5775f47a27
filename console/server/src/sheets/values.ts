import type { Field, Text } from '@farwatch/model'
import { parseDay } from './dates.ts'
import type { Cell } from './workbook.ts'

/** What a cell says: a value (undefined: nothing stands there), or why it says nothing usable. */
export type CellValue = { readonly value: unknown } | { readonly code: string; readonly expected: Text }

const words = { yes: { zh: '是', en: 'yes' }, no: { zh: '否', en: 'no' } } as const
const yes = new Set(['true', 'yes', 'y', '1', '是', '有', '合格', '√'])
const no = new Set(['false', 'no', 'n', '0', '否', '无', '不合格', '×'])

/** Reads a cell as its field wants it. Which values make sense together is the registry's to judge. */
export function parseCell(field: Field, cell: Cell | undefined): CellValue {
  const text = cell?.text.trim() ?? ''
  if (cell?.type === 'formula')
    return fault(
      'formula',
      '一个值，而不是公式；请复制后“粘贴为值” | a plain value instead of a formula; copy it and paste it as a value',
    )
  if (cell?.type === 'error')
    return fault(
      'error-value',
      '一个值；该格是公式的错误结果 | a value; the cell shows the error of a formula',
    )
  if (text === '')
    return field.required ? fault('missing', '必填 | something must stand here') : { value: undefined }
  switch (field.type) {
    case 'number':
      return numberOf(text, cell)
    case 'day': {
      const day = parseDay(halfWidth(text))
      return day === undefined
        ? fault('bad-day', '日期，如 2026-11-23 | a day such as 2026-11-23')
        : { value: day }
    }
    case 'boolean': {
      const word = halfWidth(text).toLowerCase()
      if (!yes.has(word) && !no.has(word)) return fault('bad-boolean', '是 或 否 | yes or no')
      return { value: yes.has(word) }
    }
    case 'choice':
      return choiceOf(field, text)
    case 'name':
      return nameOf(text, cell)
    case 'names':
      return { value: listOf(text, ';；、\n').map((one) => halfWidth(withoutBackslashes(one).trim())) }
    case 'texts':
      return { value: listOf(text, ';；\n').map((one) => withoutBackslashes(one).trim()) }
    case 'contacts':
      return contactsOf(text)
    default:
      return { value: text }
  }
}

/** A value as it stands in a cell; `parseCell` is the way back from either language. */
export function formatCell(field: Field, value: unknown, language: keyof Text): string {
  if (value === undefined || value === null) return ''
  if (field.type === 'boolean') return value === true ? words.yes[language] : words.no[language]
  if (field.type === 'choice')
    return field.choices?.find((one) => one.value === value)?.label[language] ?? String(value)
  if (Array.isArray(value)) {
    return value
      .map((one: unknown) =>
        field.type === 'contacts' ? formatContact(one as Contact) : withBackslashes(String(one)),
      )
      .join('; ')
  }
  return String(value)
}

interface Contact {
  readonly name: string
  readonly role?: string
  readonly phone: string
}

function formatContact({ name, role, phone }: Contact): string {
  return [name, role ?? '', phone].map(withBackslashes).join('|')
}

function contactsOf(text: string): CellValue {
  const contacts = listOf(text, ';；\n').map((one) =>
    split(one, '|｜').map((part) => withoutBackslashes(part).trim()),
  )
  if (contacts.some((parts) => parts.length !== 3 || parts[0] === '' || parts[2] === ''))
    return fault(
      'bad-contacts',
      '姓名|职务|电话，职务可空；几个之间用分号隔开 | name|role|phone, the role may be empty; several with semicolons between',
    )
  return {
    value: contacts.map(([name, role, phone = '']) => ({
      name,
      ...(role === '' ? {} : { role }),
      phone: halfWidth(phone),
    })),
  }
}

function numberOf(text: string, cell: Cell | undefined): CellValue {
  const plain = halfWidth(text).replace(/−/g, '-')
  if (cell?.type === 'number' || /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain))
    return { value: Number(plain) }
  return /^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain)
    ? { value: Number(plain.replaceAll(',', '')) }
    : fault('bad-number', '数字，不带单位 | a number without a unit')
}

function nameOf(text: string, cell: Cell | undefined): CellValue {
  // A spreadsheet keeps 15 digits of a number: the others of a long code are gone for good.
  if (cell?.type === 'number' && (text.includes('e') || text.replace('-', '').length > 15))
    return fault(
      'rounded-code',
      '文本；该格是数字，后几位已被表格程序舍去。请将单元格设为文本格式后重新填写 | text; as a number its last digits have been lost. Format the cell as text and enter the code again',
    )
  return { value: halfWidth(text) }
}

function choiceOf({ choices = [] }: Field, text: string): CellValue {
  const word = halfWidth(text).toLowerCase()
  const found = choices.find(
    ({ value, label }) =>
      value.toLowerCase() === word || label.zh === text || label.en.toLowerCase() === word,
  )
  if (found !== undefined) return { value: found.value }
  const all = (language: 'zh' | 'en') => choices.map(({ label }) => label[language])
  return {
    code: 'bad-choice',
    expected: { zh: `以下之一：${all('zh').join('、')}`, en: `one of ${all('en').join(', ')}` },
  }
}

function fault(code: string, both: string): CellValue {
  const [zh = '', en = ''] = both.split(' | ')
  return { code, expected: { zh, en } }
}

/** Digits, Latin letters and signs that a Chinese keyboard writes full-width, as codes have them. */
export function halfWidth(text: string): string {
  return text
    .replace(/[！-～]/g, (one) => String.fromCharCode(one.charCodeAt(0) - 0xfee0))
    .replaceAll('\u3000', ' ')
}

/** Parts between separators; one behind a backslash separates nothing. */
function split(text: string, separators: string): string[] {
  const parts: string[] = ['']
  for (let i = 0; i < text.length; i++) {
    const one = text.charAt(i)
    if (one === '\\') {
      parts[parts.length - 1] += one + text.charAt(++i)
    } else if (separators.includes(one)) parts.push('')
    else parts[parts.length - 1] += one
  }
  return parts
}

function listOf(text: string, separators: string): string[] {
  return split(text, separators).filter((part) => part.trim() !== '')
}

function withBackslashes(text: string): string {
  return text.replace(/[\\;；、|｜\n]/g, (one) => `\\${one}`)
}

function withoutBackslashes(text: string): string {
  return text.replace(/\\([\s\S])/g, '$1')
}
