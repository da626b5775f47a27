import { bounds } from './bounds.ts'
import { readCsv } from './csv.ts'
import { readSpreadsheet } from './spreadsheet-reader.ts'
import { UnreadableFile } from './unreadable.ts'
import type { Sheet } from './workbook.ts'

/**
 * The sheets of an uploaded file, whatever its name says: what it is follows from its bytes. A CSV file is one sheet
 * without a name.
 * @throws UnreadableFile
 */
export function readSheets(bytes: Buffer): Sheet[] {
  if (bytes.length > bounds.fileBytes) throw tooLarge(bytes.length)
  if (bytes.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return readSpreadsheet(bytes)
  if (bytes.subarray(0, 4).equals(Buffer.from([0xd0, 0xcf, 0x11, 0xe0]))) throw compound(bytes)
  if (!looksLikeText(bytes))
    throw new UnreadableFile('not-a-sheet', {
      zh: '这既不是 .xlsx 工作簿，也不是 CSV 文本。请下载模板填写后上传',
      en: 'This is neither an .xlsx workbook nor CSV text. Download the template, fill it in, and upload it',
    })
  return [{ name: '', rows: readCsv(bytes) }]
}

export function tooLarge(found: number): UnreadableFile {
  const most = `${bounds.fileBytes / 1024 / 1024} MB`
  return new UnreadableFile('too-large', {
    zh: `文件有 ${(found / 1024 / 1024).toFixed(1)} MB，至多 ${most}。请删去图片和多余的工作表，或分成几个文件上传`,
    en: `The file has ${(found / 1024 / 1024).toFixed(1)} MB, at most ${most} are taken. Remove pictures and sheets that are not needed, or upload several files`,
  })
}

/** A compound file (MS-CFB) is an old .xls, or the envelope of an encrypted .xlsx (MS-OFFCRYPTO 2.3.4.4). */
function compound(bytes: Buffer): UnreadableFile {
  return bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'))
    ? new UnreadableFile('encrypted-workbook', {
        zh: '工作簿设有打开密码。请在 Excel 或 WPS 中取消密码后再上传',
        en: 'The workbook needs a password. Remove the password in the spreadsheet program and upload it again',
      })
    : new UnreadableFile('old-workbook', {
        zh: '这是旧版 .xls 文件。请在 Excel 或 WPS 中另存为“Excel 工作簿（.xlsx）”再上传',
        en: 'This is an old .xls file. Save it as .xlsx in the spreadsheet program and upload it again',
      })
}

/** No control characters but white space, and no mark of another format at its beginning. */
function looksLikeText(bytes: Buffer): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return true
  const start = bytes
    .subarray(0, 512)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
  if (/^(<|%PDF|%!PS|\{\\rtf|PK|GIF8|MZ|\x7fELF|#!|Rar!|7z)/.test(start)) return false
  return !bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32))
}
