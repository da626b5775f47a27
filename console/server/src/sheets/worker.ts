import { readSheets } from './file.ts'
import type { SheetAnswer, SheetJob } from './process-protocol.ts'
import { writeSpreadsheet } from './spreadsheet-writer.ts'
import { UnreadableFile } from './unreadable.ts'

/** So many rows take some ten milliseconds to be taken over by the process that asked. */
const rowsPerAnswer = 2_000

function* answersTo(job: SheetJob): Generator<SheetAnswer> {
  if (job.job === 'write') {
    yield { answer: 'written', bytes: new Uint8Array(writeSpreadsheet(job.sheets)) }
    return
  }
  const { bytes } = job
  try {
    for (const { name, rows } of readSheets(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))) {
      for (let at = 0; at === 0 || at < rows.length; at += rowsPerAnswer)
        yield { answer: 'rows', sheet: name, rows: rows.slice(at, at + rowsPerAnswer) }
    }
    yield { answer: 'end' }
  } catch (thrown) {
    if (!(thrown instanceof UnreadableFile)) throw thrown
    yield { answer: 'unreadable', code: thrown.code, text: thrown.text }
  }
}

/** Resolves when the answer is on its way, so that the process does not end before. */
function send(answer: SheetAnswer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(answer, undefined, {}, (error) => (error === null ? resolve() : reject(error)))
  })
}

process.once('message', async (job: SheetJob) => {
  for (const answer of answersTo(job)) await send(answer)
  process.disconnect?.()
})
