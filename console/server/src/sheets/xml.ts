import { messageOf } from '@farwatch/model'
import { SaxesParser } from 'saxes'
import { malformed, UnreadableFile } from './unreadable.ts'

export type Attributes = Readonly<Record<string, string>>

/** What is told of a part of a workbook; names come without their prefix. */
export interface XmlHandler {
  open?(name: string, attributes: Attributes): void
  text?(text: string): void
  close?(name: string): void
}

const chunkBytes = 256 * 1024

/**
 * Reads one part strictly: well-formed XML 1.0 in UTF-8 or UTF-16, without a document type (so without entities of its own).
 * @throws UnreadableFile
 */
export function readXml(part: string, bytes: Buffer, handler: XmlHandler): void {
  const parser = new SaxesParser({ xmlns: false, fileName: part })
  parser.on('error', (error) => {
    throw malformed(`部件 ${part} 不是合法的 XML`, `the part ${part} is not well-formed XML`, error)
  })
  parser.on('doctype', () => {
    throw malformed(`部件 ${part} 含有文档类型声明`, `the part ${part} has a document type declaration`)
  })
  parser.on('opentag', ({ name, attributes }) => handler.open?.(local(name), attributes as Attributes))
  parser.on('text', (text) => handler.text?.(text))
  parser.on('closetag', ({ name }) => handler.close?.(local(name)))
  const decoder = new TextDecoder(isUtf16(bytes) ? 'utf-16le' : 'utf-8', { fatal: true })
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes)
      parser.write(decoder.decode(bytes.subarray(at, at + chunkBytes), { stream: true }))
    parser.write(decoder.decode())
    parser.close()
  } catch (thrown) {
    if (thrown instanceof UnreadableFile) throw thrown
    throw malformed(`部件 ${part}：${messageOf(thrown)}`, `the part ${part}: ${messageOf(thrown)}`, thrown)
  }
}

function isUtf16(bytes: Buffer): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xfe
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

/** An attribute by its local name: `r:id` is found under `id` whatever its prefix. */
export function attribute(attributes: Attributes, name: string): string | undefined {
  if (attributes[name] !== undefined) return attributes[name]
  const found = Object.keys(attributes).find((key) => key.endsWith(`:${name}`))
  return found === undefined ? undefined : attributes[found]
}

/** Text as SpreadsheetML escapes it: `_x000D_` for what XML cannot hold (ECMA-376, 22.9.2.19 ST_Xstring). */
export function unescapeText(text: string): string {
  return text.includes('_x')
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 has no place for
const unwritable = /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)|\p{Surrogate}/gu
const entities: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' },
  // An attribute's white space would be normalised.
  ...{ '\t': '&#9;', '\n': '&#10;' },
}

/** Text as it may stand between tags or in an attribute; `unescapeText` is the way back. */
export function escapeText(text: string): string {
  return text
    .replace(unwritable, (one) => `_x${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replace(/[&<>"\t\n]/g, (one) => entities[one] ?? one)
}
