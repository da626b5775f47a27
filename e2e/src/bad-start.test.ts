import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { endCommand, startCommand, startUp } from './command.ts'

/** Starts that cannot succeed: a message for a person, an exit code for a program, and nothing left running. */

const patient = { timeout: 60_000 }
let folder: string
let home: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-bad-start-'))
  home = join(folder, 'home')
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

const quiet = (...more: string[]) => ['up', '--home', home, '--no-sim', '--http', '0', '--mqtt', '0', ...more]

/** What is printed on standard error by a command that must fail, by itself and without a stack trace. */
async function failureOf(args: readonly string[]): Promise<string> {
  const command = startCommand(args)
  onTestFinished(() => endCommand(command))
  const { code, signal } = await command.ended
  const message = command.stderr()
  expect({ code, signal }, message).toEqual({ code: 1, signal: null })
  expect(message).toMatch(/^Farwatch cannot (start|do that)\.$/m)
  expect(message).not.toMatch(/\n\s+at /)
  expect(command.stdout()).not.toContain('ready')
  // Nothing is left running: the process has ended, and its data folder can be had again.
  expect(() => process.kill(command.pid, 0)).toThrow('ESRCH')
  return message
}

async function occupiedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

test.each(['--http', '--mqtt'])(
  'F8 a port in use is named, and how to choose another: %s',
  patient,
  async (option) => {
    const port = await occupiedPort()
    const message = await failureOf(quiet(option, `${port}`))
    expect(message).toMatch(new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use`))
    expect(message).toContain(`${option} PORT`)
    // The same folder serves at once when the port is free.
    await endCommand(await startUp(quiet().slice(1)))
  },
)

test('F8 a data folder that cannot be written is named, and how to choose another', patient, async () => {
  await writeFile(home, 'a file where a folder is expected')
  const file = await failureOf(quiet())
  expect(file).toContain(home)
  expect(file).toContain('--home DIR')
  const proc = await failureOf([...quiet(), '--home', '/proc/farwatch'])
  expect(proc).toContain('/proc/farwatch')
  expect(proc).toContain('--home DIR')
})

test(
  'F8 mistakes in registry, rules and gateway files are told all at once, with file and line',
  patient,
  async () => {
    const config = join(folder, 'config')
    await mkdir(join(config, 'rules'), { recursive: true })
    await writeFile(
      join(config, 'registry.yaml'),
      'sites:\n  - id: P 7\n    name: { zh: 厂, en: Plant }\n    kind: brewery\n',
    )
    await writeFile(
      join(config, 'rules', 'gas.yaml'),
      'rules:\n  - id: gas\n    version: 1\n    level: purple\n   title: [broken\n',
    )
    const gateway = join(folder, 'plant7.yaml')
    await writeFile(
      gateway,
      'gateway: GW-P7\nsite: PLANT7\ncentre: { url: "http://centre" }\nlinks:\n  - name: boiler\n    protocol: telepathy\n',
    )
    const message = await failureOf(quiet('--config', config, '--gateway', gateway))
    expect(message).toMatch(/registry\.yaml:2: .*id/)
    expect(message).toMatch(/registry\.yaml:4: .*kind/)
    expect(message).toMatch(/gas\.yaml:[45]: /)
    expect(message).toMatch(/plant7\.yaml:3: .*centre.*expected mqtt:\/\/HOST:PORT/)
    expect(message).toMatch(/plant7\.yaml:6: .*protocol.*modbus/)
    expect(message).toMatch(/\d+ mistakes/)
  },
)

test('F8 a gateway file that does not exist is named', patient, async () => {
  const message = await failureOf(quiet('--gateway', join(folder, 'none.yaml')))
  expect(message).toContain(join(folder, 'none.yaml'))
})

test.each([
  [['up', '--colour'], /--colour.*--help/s],
  [['fly'], /unknown command "fly".*--help/s],
  [['up', '--http', 'eighty'], /--http: found "eighty", expected a port/],
  [['up', '--http', '99999'], /--http: found "99999"/],
  [['gateway'], /--config FILE/],
])('F8 what the command does not understand is said: %j', patient, async (args, expected) => {
  expect(await failureOf(args)).toMatch(expected)
})

test(
  'F8 a second process on the same data folder is refused and does not disturb the first',
  patient,
  async () => {
    const first = await startUp(quiet().slice(1))
    onTestFinished(() => endCommand(first))
    const message = await failureOf(quiet())
    expect(message).toContain(home)
    expect(message).toMatch(/another running Farwatch/)
    const health = await fetch(`${first.url}/api/health`)
    expect(health.status).toBe(200)
  },
)
