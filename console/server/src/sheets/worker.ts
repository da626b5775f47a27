import { parentPort, workerData } from 'node:worker_threads'
import { readSheets } from './file.ts'
import { writeSpreadsheet } from './spreadsheet-writer.ts'
import type { SheetAnswer, SheetJob } from './thread-protocol.ts'
import { UnreadableFile } from './unreadable.ts'

/** So many rows take some ten milliseconds to be taken over by the thread that asked. */
const rowsPerAnswer = 2_000

function answer(value: SheetAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(value, transfer)
}

function read(bytes: Uint8Array): void {
  for (const { name, rows } of readSheets(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) {
    for (let at = 0; at === 0 || at < rows.length; at += rowsPerAnswer)
      answer({ answer: 'rows', sheet: name, rows: rows.slice(at, at + rowsPerAnswer) })
  }
  answer({ answer: 'end' })
}

const job = workerData as SheetJob
try {
  if (job.job === 'read') read(job.bytes)
  else {
    const bytes = new Uint8Array(writeSpreadsheet(job.sheets))
    answer({ answer: 'written', bytes }, [bytes.buffer])
  }
} catch (thrown) {
  if (!(thrown instanceof UnreadableFile)) throw thrown
  answer({ answer: 'unreadable', code: thrown.code, text: thrown.text })
}
