import { FarwatchError, type Text } from '@farwatch/model'

export type UnreadableCode =
  | 'too-large'
  | 'not-a-sheet'
  | 'old-workbook'
  | 'encrypted-workbook'
  | 'macro-workbook'
  | 'malformed-workbook'
  | 'zip-bomb'
  | 'too-many-rows'
  | 'unknown-encoding'
  | 'malformed-csv'
  | 'unknown-sheet'
  | 'too-slow'

/** A file that is refused as a whole. Both languages say what was found, what was expected, and what to do. */
export class UnreadableFile extends FarwatchError<UnreadableCode> {
  readonly text: Text

  constructor(code: UnreadableCode, text: Text, cause?: unknown) {
    super(code, text.en, { cause })
    this.text = text
  }
}

export function malformed(zh: string, en: string, cause?: unknown): UnreadableFile {
  return new UnreadableFile(
    'malformed-workbook',
    {
      zh: `工作簿无法读取：${zh}。请用 Excel 或 WPS 打开后另存为“Excel 工作簿（.xlsx）”再上传`,
      en: `The workbook cannot be read: ${en}. Open it in a spreadsheet program and save it anew as .xlsx`,
    },
    cause,
  )
}
