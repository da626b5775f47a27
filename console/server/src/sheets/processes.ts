import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { FarwatchError } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import { bounds } from './bounds.ts'
import type { SheetAnswer, SheetJob } from './process-protocol.ts'
import type { WrittenSheet } from './spreadsheet-writer.ts'
import { UnreadableFile } from './unreadable.ts'
import type { Row, Sheet } from './workbook.ts'

/** At once; each may take some hundred megabytes for a moment. */
const maxProcesses = 2
const heapMb = 768
const program = fileURLToPath(new URL('./worker.ts', import.meta.url))

/**
 * Takes files apart and puts them together in a process of its own, within bounds of time and memory: a file that breaks
 * it breaks nothing else. (With worker threads in its place the whole process once died of a segmentation fault.)
 */
export class SheetProcesses {
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
    if (written === undefined) throw new FarwatchError('sheets-failed', 'the process wrote no workbook')
    return Buffer.from(written.buffer, written.byteOffset, written.byteLength)
  }

  async #run(job: SheetJob, signal: AbortSignal, take: (answer: SheetAnswer) => void): Promise<void> {
    signal.throwIfAborted()
    if (this.#running >= maxProcesses)
      throw new FarwatchError('sheets-busy', 'other files are being read', { retryable: true })
    const worker = fork(program, {
      execArgv: [`--max-old-space-size=${heapMb}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {},
    })
    this.#running++
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let isWhole = false
    const cancel = this.#clock.after(bounds.readingMs, () => reject(tooSlow()))
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    worker.on('message', (answer: SheetAnswer) => {
      if (answer.answer === 'unreadable') reject(new UnreadableFile(answer.code, answer.text))
      else take(answer)
      if (answer.answer !== 'rows') isWhole = true
    })
    worker.on('error', reject)
    const exited = new Promise<void>((ended) => worker.once('close', () => ended()))
    worker.once('close', (code, killed) => {
      if (code === 0 && isWhole) resolve()
      // Beyond its memory a process aborts itself.
      else reject(tooSlow(`the process ended with ${killed ?? code}`))
    })
    worker.send(job)
    try {
      await promise
    } finally {
      cancel()
      signal.removeEventListener('abort', abort)
      this.#running--
      worker.kill('SIGKILL')
      await exited
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
