import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import type { Logger } from '@farwatch/runtime'
import { multistream, pino } from 'pino'

/** The full log goes to a file; a person at the terminal sees what needs attention, in words. */
export async function createTerminalLog(file: string): Promise<Logger> {
  await mkdir(dirname(file), { recursive: true })
  const level = process.env.FARWATCH_LOG_LEVEL ?? 'info'
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    multistream([
      { level: 'trace', stream: createWriteStream(file, { flags: 'a', mode: 0o600 }) },
      { level: 'warn', stream: new TerminalLines() },
    ]),
  )
}

class TerminalLines extends Writable {
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      const { level, time, msg, service, ...rest } = JSON.parse(line) as Record<string, unknown>
      const word = Number(level) >= 50 ? 'ERROR' : 'warn'
      const details = Object.entries(rest).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      const clock = String(time).slice(11, 19)
      process.stderr.write(`${clock} ${word} ${service ? `${service}: ` : ''}${msg} ${details.join(' ')}\n`)
    }
    done()
  }
}

/** Progress of the start: one line a step, replaced in place on a terminal. */
export function createProgress(): { step(text: string): void; done(text: string): void } {
  const live = process.stdout.isTTY === true
  return {
    step(text) {
      if (live) process.stdout.write(`\r\x1b[K  ${text} …`)
      else process.stdout.write(`  ${text}\n`)
    },
    done(text) {
      process.stdout.write(live ? `\r\x1b[K${text}\n` : `${text}\n`)
    },
  }
}
