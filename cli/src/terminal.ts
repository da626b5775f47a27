import { appendFile, openSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import type { Logger } from '@farwatch/runtime'
import { multistream, pino } from 'pino'

/** The full log goes to a file; a person at the terminal sees what needs attention, in words. */
export async function createTerminalLog(file: string): Promise<Logger> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const level = process.env.FARWATCH_LOG_LEVEL ?? 'info'
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    multistream([
      { level: 'trace', stream: new FileLines(openSync(file, 'a', 0o600)) },
      { level: 'warn', stream: new TerminalLines() },
    ]),
  )
}

/** Appends to an open file. A full disk costs lines of the log, not the platform. */
export class FileLines extends Writable {
  readonly #file: number

  constructor(file: number) {
    super()
    this.#file = file
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    appendFile(this.#file, chunk, () => done())
  }
}

/**
 * One line that does to a terminal nothing but show: what devices call themselves may hold line ends, escape sequences
 * and marks that turn the direction of writing.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  )
}

class TerminalLines extends Writable {
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const entry of chunk.toString().split('\n').filter(Boolean)) {
      const { level, time, msg, service, ...rest } = JSON.parse(entry) as Record<string, unknown>
      const word = Number(level) >= 50 ? 'ERROR' : 'warn'
      const details = Object.entries(rest).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      const clock = String(time).slice(11, 19)
      const line = `${clock} ${word} ${service ? `${service}: ` : ''}${msg} ${details.join(' ')}`
      process.stderr.write(`${printable(line)}\n`)
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
