import { crc32, inflateRawSync } from 'node:zlib'
import { bounds } from './bounds.ts'
import { malformed, UnreadableFile } from './unreadable.ts'

interface Entry {
  readonly name: string
  readonly method: number
  readonly crc: number
  readonly packedBytes: number
  readonly inflatedBytes: number
  /** Whether a data descriptor of 12 or 16 bytes stands behind the data. */
  readonly descriptor: boolean
  /** Where its local header begins. */
  readonly offset: number
}

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const
const endBytes = 22
const encrypted = 0x1
const withDescriptor = 0x8
const ratioCountsFrom = 1024 * 1024

/**
 * The parts of a ZIP file (APPNOTE.TXT 6.3), taken strictly: the file begins with its first part, the parts stand behind one
 * another without overlap, and it ends with its directory. So nothing else hides before, between or behind them, and no
 * bytes are inflated twice. Every size is judged as the directory states it before anything is inflated, and an entry
 * that inflates to more than it stated is refused while it does.
 */
export class ZipReader {
  readonly #bytes: Buffer
  readonly #entries: ReadonlyMap<string, Entry>

  private constructor(bytes: Buffer, entries: ReadonlyMap<string, Entry>) {
    this.#bytes = bytes
    this.#entries = entries
  }

  /** @throws UnreadableFile */
  static open(bytes: Buffer): ZipReader {
    const entries = readDirectory(bytes)
    judgeSizes(entries)
    judgeLayout(bytes, entries)
    const byName = new Map(entries.map((entry) => [entry.name, entry]))
    if (byName.size < entries.length)
      throw malformed('压缩包内有重名部件', 'two parts of the archive share a name')
    return new ZipReader(bytes, byName)
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  /** A part, inflated. @throws UnreadableFile */
  read(name: string): Buffer {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw malformed(`缺少部件 ${name}`, `the part ${name} is missing`)
    const start = dataStart(this.#bytes, entry)
    const packed = this.#bytes.subarray(start, start + entry.packedBytes)
    const data = entry.method === 0 ? packed : inflate(packed, entry)
    if (data.length !== entry.inflatedBytes || crc32(data) !== entry.crc)
      throw malformed(`部件 ${name} 已损坏`, `the part ${name} is damaged`)
    return data
  }
}

function inflate(packed: Buffer, { name, inflatedBytes }: Entry): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(inflatedBytes, 1) })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw bomb(`部件 ${name} 解压后超过其声明的大小`, `the part ${name} inflates to more than it states`)
    throw malformed(`部件 ${name} 已损坏`, `the part ${name} is damaged`, cause)
  }
}

function readDirectory(bytes: Buffer): Entry[] {
  const end = bytes.length - endBytes
  if (end < 0 || bytes.readUInt32LE(end) !== signatures.end)
    throw malformed('文件末尾不是压缩包目录', 'it does not end with the directory of a ZIP file')
  const count = bytes.readUInt16LE(end + 10)
  let at = bytes.readUInt32LE(end + 16)
  if (count > bounds.entries)
    throw bomb(
      `有 ${count} 个部件，至多 ${bounds.entries} 个`,
      `${count} parts, at most ${bounds.entries} expected`,
    )
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== signatures.central)
      throw malformed('压缩包目录已损坏', 'the directory of the ZIP file is damaged')
    const flags = bytes.readUInt16LE(at + 8)
    const method = bytes.readUInt16LE(at + 10)
    const nameBytes = bytes.readUInt16LE(at + 28)
    const name = bytes.toString('utf8', at + 46, at + 46 + nameBytes)
    if ((flags & encrypted) !== 0 || (method !== 0 && method !== 8))
      throw malformed(
        `部件 ${name} 已加密或压缩方式未知`,
        `the part ${name} is encrypted or packed in an unknown way`,
      )
    entries.push({
      ...{ name, method, crc: bytes.readUInt32LE(at + 16), descriptor: (flags & withDescriptor) !== 0 },
      ...{ packedBytes: bytes.readUInt32LE(at + 20), inflatedBytes: bytes.readUInt32LE(at + 24) },
      offset: bytes.readUInt32LE(at + 42),
    })
    at += 46 + nameBytes + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  if (at !== end)
    throw malformed('压缩包目录与文件末尾之间有其他内容', 'something stands between directory and end')
  return entries
}

function judgeSizes(entries: readonly Entry[]): void {
  const total = entries.reduce((sum, { inflatedBytes }) => sum + inflatedBytes, 0)
  if (total > bounds.inflatedBytes) {
    const [found, most] = [megabytes(total), megabytes(bounds.inflatedBytes)]
    throw bomb(`解压后将有 ${found}，至多 ${most}`, `it would inflate to ${found}, at most ${most} expected`)
  }
  const dense = entries.find(
    ({ inflatedBytes, packedBytes }) =>
      inflatedBytes > ratioCountsFrom && inflatedBytes > bounds.ratio * packedBytes,
  )
  if (dense !== undefined)
    throw bomb(
      `部件 ${dense.name} 的压缩比超过 ${bounds.ratio}`,
      `the part ${dense.name} is packed more than ${bounds.ratio} to 1`,
    )
}

function judgeLayout(bytes: Buffer, entries: readonly Entry[]): void {
  let expected = 0
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (entry.offset !== expected)
      throw malformed(
        '压缩包各部件之间有其他内容或相互重叠',
        'parts of the ZIP file overlap, or something stands between',
      )
    expected = dataStart(bytes, entry) + entry.packedBytes
    if (entry.descriptor) expected += descriptorBytes(bytes, expected, entry)
  }
  const directory = bytes.readUInt32LE(bytes.length - endBytes + 16)
  if (expected !== directory)
    throw malformed(
      '压缩包部件与目录之间有其他内容',
      'something stands between the parts of the ZIP file and its directory',
    )
}

/** A data descriptor may begin with a signature that begins with PK and 7, 8 (clause 4.3.9.3). */
function descriptorBytes(bytes: Buffer, at: number, { crc }: Entry): number {
  if (at + 16 <= bytes.length && bytes.readUInt32LE(at) === 0x08074b50) return 16
  if (at + 12 <= bytes.length && bytes.readUInt32LE(at) === crc) return 12
  throw malformed('压缩包部件的结尾已损坏', 'the end of a part of the ZIP file is damaged')
}

function dataStart(bytes: Buffer, { name, offset }: Entry): number {
  if (offset + 30 > bytes.length || bytes.readUInt32LE(offset) !== signatures.local)
    throw malformed(`部件 ${name} 的开头已损坏`, `the beginning of the part ${name} is damaged`)
  const nameBytes = bytes.readUInt16LE(offset + 26)
  if (bytes.toString('utf8', offset + 30, offset + 30 + nameBytes) !== name)
    throw malformed(`部件 ${name} 有两个名称`, `the part ${name} has two names`)
  return offset + 30 + nameBytes + bytes.readUInt16LE(offset + 28)
}

function bomb(zh: string, en: string): UnreadableFile {
  return new UnreadableFile('zip-bomb', {
    zh: `拒绝解压：${zh}。请删去多余的内容，或分成几个文件上传`,
    en: `It is not unpacked: ${en}. Remove what is not needed, or upload several files`,
  })
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
