import { crc32 } from 'node:zlib'
import { FarwatchError } from '@farwatch/model'

/**
 * A ZIP (PKWARE APPNOTE 6.3) whose entries are stored, not compressed, one behind another without gaps, with fixed time
 * stamps: damage stays where it is, and every byte of the container follows from names and contents.
 */
const localMark = 0x04034b50
const centralMark = 0x02014b50
const endMark = 0x06054b50
const localBytes = 30
const centralBytes = 46
const endBytes = 22
/** Without ZIP64, which is all that every tool reads. */
const maxBytes = 2 ** 32 - 1
const maxEntries = 65_535
const version = 20
/** Bit 11: names are UTF-8. */
const flags = 0x0800
/** 1980-01-01 00:00, the beginning of ZIP's calendar. */
const date = 0x0021

interface Placed {
  readonly name: string
  readonly offset: number
  readonly size: number
  readonly crc: number
}

function localHeader({ name, size, crc }: Placed): Buffer {
  const header = Buffer.alloc(localBytes)
  header.writeUInt32LE(localMark, 0)
  header.writeUInt16LE(version, 4)
  writeShared(header, 6, { name, size, crc })
  return Buffer.concat([header, Buffer.from(name)])
}

function centralHeader({ name, size, crc, offset }: Placed): Buffer {
  const header = Buffer.alloc(centralBytes)
  header.writeUInt32LE(centralMark, 0)
  header.writeUInt16LE(version, 4)
  header.writeUInt16LE(version, 6)
  writeShared(header, 8, { name, size, crc })
  header.writeUInt32LE(offset, 42)
  return Buffer.concat([header, Buffer.from(name)])
}

/** Flags to extra length, the same in both headers; method 0 is "stored". */
function writeShared(header: Buffer, at: number, { name, size, crc }: Omit<Placed, 'offset'>): void {
  header.writeUInt16LE(flags, at)
  header.writeUInt16LE(date, at + 6)
  header.writeUInt32LE(crc, at + 8)
  header.writeUInt32LE(size, at + 12)
  header.writeUInt32LE(size, at + 16)
  header.writeUInt16LE(Buffer.byteLength(name), at + 20)
}

function endRecord(entries: number, { offset, size }: { offset: number; size: number }): Buffer {
  const end = Buffer.alloc(endBytes)
  end.writeUInt32LE(endMark, 0)
  end.writeUInt16LE(entries, 8)
  end.writeUInt16LE(entries, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return end
}

/** Where a ZIP goes, in order. */
export type Write = (bytes: Uint8Array) => Promise<void>

/** Writes entries one after another; `finish` writes the directory. */
export class ZipWriter {
  readonly #write: Write
  readonly #placed: Placed[] = []
  #offset = 0

  constructor(write: Write) {
    this.#write = write
  }

  /** @throws FarwatchError `export-too-large` beyond 4 GiB or 65,535 entries. */
  async add(name: string, content: Uint8Array): Promise<void> {
    const placed = { name, offset: this.#offset, size: content.length, crc: crc32(content) }
    const header = localHeader(placed)
    if (this.#offset + header.length + content.length > maxBytes || this.#placed.length >= maxEntries) {
      throw new FarwatchError(
        'export-too-large',
        'more than 4 GiB: take a shorter period, one gateway or one site',
      )
    }
    await this.#write(header)
    await this.#write(content)
    this.#placed.push(placed)
    this.#offset += header.length + content.length
  }

  async finish(): Promise<void> {
    const central = Buffer.concat(this.#placed.map(centralHeader))
    await this.#write(central)
    await this.#write(endRecord(this.#placed.length, { offset: this.#offset, size: central.length }))
  }
}

/** A file that can be read anywhere. */
export interface ReadableFile {
  readonly size: number
  /** Fewer bytes at the end. */
  read(offset: number, length: number): Promise<Buffer>
}

export interface ZipEntry {
  /** One name; two where directory and local header differ. */
  readonly names: readonly string[]
  readonly size: number
  read(): Promise<Buffer>
}

/** An entry's content is held in memory: one that says it is larger is damage or not ours. */
const maxEntryBytes = 256 * 1024 * 1024

/**
 * Finds the entries of a ZIP that `ZipWriter` wrote, also where bytes of it have been changed: directory and local headers
 * say the same, so that each stands in for the other. `problems` names where the container is not as written.
 */
export async function readZip(
  file: ReadableFile,
): Promise<{ entries: ZipEntry[]; problems: { offset: number; problem: string }[] }> {
  const problems: { offset: number; problem: string }[] = []
  const directory = await readDirectory(file)
  const walked = await walk(file)
  const all = new Map<number, Placed>()
  for (const placed of [...walked.placed, ...directory.placed]) all.set(placed.offset, placed)
  const inOrder = [...all.values()].sort((a, b) => a.offset - b.offset)
  let offset = 0
  const whole: (Placed & { names: readonly string[] })[] = []
  for (const one of inOrder) {
    if (one.offset < offset) continue
    if (one.offset > offset) problems.push({ offset, problem: 'bytes that belong to no entry' })
    const twins = [directory, walked].map(({ placed }) => placed.find((other) => other.offset === one.offset))
    const same = twins.every((twin) => twin !== undefined && isSame(twin, one))
    const header = localHeader(one)
    const found = await file.read(one.offset, header.length)
    if (!same || !header.equals(found))
      problems.push({ offset: one.offset, problem: `header of ${one.name}` })
    const names = [...new Set(twins.flatMap((twin) => twin?.name ?? []))]
    whole.push({ ...one, names })
    offset = one.offset + header.length + one.size
  }
  const central = Buffer.concat(whole.map(centralHeader))
  const end = Buffer.concat([central, endRecord(whole.length, { offset, size: central.length })])
  const tail = await file.read(offset, Math.max(0, Math.min(file.size - offset, end.length + 1)))
  if (!end.equals(tail)) problems.push({ offset, problem: 'directory' })
  const entries = whole.map((placed): ZipEntry => {
    const start = placed.offset + localBytes + Buffer.byteLength(placed.name)
    return { names: placed.names, size: placed.size, read: () => file.read(start, placed.size) }
  })
  return { entries, problems }
}

function isSame(a: Placed, b: Placed): boolean {
  return a.name === b.name && a.size === b.size && a.crc === b.crc
}

function sharedAt(header: Buffer, at: number) {
  return {
    crc: header.readUInt32LE(at + 8),
    size: header.readUInt32LE(at + 16),
    nameBytes: header.readUInt16LE(at + 20),
  }
}

/** Entries by the directory at the end, as far as it can be read. */
async function readDirectory(file: ReadableFile): Promise<{ placed: Placed[] }> {
  const placed: Placed[] = []
  if (file.size < endBytes) return { placed }
  const end = await file.read(file.size - endBytes, endBytes)
  let [size, offset] = [end.readUInt32LE(12), end.readUInt32LE(16)]
  // Where only the mark or one of the numbers is damaged, the others still lead there.
  if (offset + size !== file.size - endBytes) {
    const bySize = file.size - endBytes - size
    const mark = bySize >= 0 ? await file.read(bySize, 4) : Buffer.alloc(0)
    if (mark.length === 4 && mark.readUInt32LE(0) === centralMark) offset = bySize
    size = file.size - endBytes - offset
  }
  if (size < 0 || offset < 0 || size > maxEntries * 400) return { placed }
  const central = await file.read(offset, size)
  for (let at = 0; at + centralBytes <= central.length; ) {
    const { crc, size: bytes, nameBytes } = sharedAt(central, at + 8)
    const name = central.toString('utf8', at + centralBytes, at + centralBytes + nameBytes)
    const isEntry =
      central.readUInt32LE(at) === centralMark && at + centralBytes + nameBytes <= central.length
    const start = central.readUInt32LE(at + 42)
    if (isEntry && start + localBytes + nameBytes + bytes <= offset && bytes <= maxEntryBytes)
      placed.push({ name, offset: start, size: bytes, crc })
    else break
    at += centralBytes + nameBytes
  }
  return { placed }
}

/** Entries by their local headers, one behind another, as far as they lead. */
async function walk(file: ReadableFile): Promise<{ placed: Placed[] }> {
  const placed: Placed[] = []
  for (let offset = 0; placed.length < maxEntries; ) {
    const header = await file.read(offset, localBytes)
    if (header.length < localBytes || header.readUInt32LE(0) !== localMark) break
    const { crc, size, nameBytes } = sharedAt(header, 6)
    const name = (await file.read(offset + localBytes, nameBytes)).toString('utf8')
    const next = offset + localBytes + nameBytes + size
    if (next > file.size || size > maxEntryBytes) break
    placed.push({ name, offset, size, crc })
    offset = next
  }
  return { placed }
}
