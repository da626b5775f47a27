import { Worker } from 'node:worker_threads'
import { FarwatchError } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import { bounds } from './bounds.ts'
import type { WrittenSheet } from './spreadsheet-writer.ts'
import type { SheetAnswer, SheetJob } from './thread-protocol.ts'
import { UnreadableFile } from './unreadable.ts'
import type { Row, Sheet } from './workbook.ts'

/** At once; each may take some hundred megabytes for a moment. */
const maxThreads = 2
const heapMb = 768

/** Takes files apart and puts them together away from the thread that answers requests, within bounds of time and memory. */
export class SheetThreads {
  readonly #clock: Clock
  #running = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws UnreadableFile; FarwatchError `sheets-busy` (retryable). */
  async read(bytes: Uint8Array, signal: AbortSignal): Promise<Sheet[]> {
    const rows = new Map<string, Row[]>()
    await this.#run({ job: 'read', bytes }, signal, (answer) => {
      if (answer.answer !== 'rows') return
      const known = rows.get(answer.sheet)
      if (known === undefined) rows.set(answer.sheet, [...answer.rows])
      else known.push(...answer.rows)
    })
    return Array.from(rows, ([name, all]) => ({ name, rows: all }))
  }

  /** @throws FarwatchError `sheets-busy` (retryable). */
  async write(sheets: readonly WrittenSheet[], signal: AbortSignal): Promise<Buffer> {
    let written: Uint8Array | undefined
    await this.#run({ job: 'write', sheets }, signal, (answer) => {
      if (answer.answer === 'written') written = answer.bytes
    })
    if (written === undefined) throw new FarwatchError('sheets-failed', 'the thread wrote no workbook')
    return Buffer.from(written.buffer, written.byteOffset, written.byteLength)
  }

  async #run(job: SheetJob, signal: AbortSignal, take: (answer: SheetAnswer) => void): Promise<void> {
    signal.throwIfAborted()
    if (this.#running >= maxThreads)
      throw new FarwatchError('sheets-busy', 'other files are being read', { retryable: true })
    this.#running++
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: job,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(bounds.readingMs, () => reject(tooSlow()))
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    worker.on('message', (answer: SheetAnswer) => {
      if (answer.answer === 'unreadable') reject(new UnreadableFile(answer.code, answer.text))
      else take(answer)
    })
    worker.on('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooSlow(cause) : cause),
    )
    worker.on('exit', () => resolve())
    try {
      await promise
    } finally {
      cancel()
      signal.removeEventListener('abort', abort)
      this.#running--
      await worker.terminate()
    }
  }
}

function tooSlow(cause?: unknown): UnreadableFile {
  return new UnreadableFile(
    'too-slow',
    {
      zh: '文件过于复杂，在限定的时间和内存内无法读完。请删去格式和多余内容，或分成几个文件上传',
      en: 'The file is too complex to be read within bounds of time and memory. Remove formats and what is not needed, or upload several files',
    },
    cause,
  )
}
