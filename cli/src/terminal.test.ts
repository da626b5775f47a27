import { openSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTerminalLog, FileLines, printable } from './terminal.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-terminal-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('F8 what a device calls itself cannot forge a line of the log or steer the terminal', () => {
  expect(printable('client=a\n12:00 ERROR forged \u001b[2J\u202e\u2028 气体 é')).toBe(
    'client=a\\u{a}12:00 ERROR forged \\u{1b}[2J\\u{202e}\\u{2028} 气体 é',
  )
})

test('F8 a data folder that the log makes is closed to other users of the machine', async () => {
  const home = join(folder, 'home')
  await createTerminalLog(join(home, 'log', 'farwatch.log'))
  for (const made of [home, join(home, 'log')]) expect((await stat(made)).mode & 0o077).toBe(0)
})

test.runIf(process.platform === 'linux')(
  'F8 a log on a full disk loses lines and stops nothing',
  async () => {
    const lines = new FileLines(openSync('/dev/full', 'a'))
    const problems: Error[] = []
    lines.on('error', (error) => problems.push(error))
    for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => lines.write('{}\n', () => resolve()))
    expect(problems).toEqual([])
    expect(lines.writable).toBe(true)
  },
)
