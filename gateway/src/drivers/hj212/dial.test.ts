import { expect, onTestFinished, test, vi } from 'vitest'
import { type Peer, testDiallingDriver } from '../../driver-conformance.ts'
import { Life, testContext } from '../../testbed/context.ts'
import { golden } from '../../testbed/hj212-frames.ts'
import { RawLogger } from '../../testbed/hj212-logger.ts'
import { listen } from '../../testbed/tcp-proxy.ts'
import { Hj212Address } from './address.ts'
import type { Command } from './commands.ts'
import { commandNames } from './commands.ts'
import { crcOf, crcText } from './crc.ts'
import type { Hj212DialDriver } from './dial.ts'
import { hj212 } from './index.ts'

const mn = '010000A8900016F000169DC0'

async function driverOf(port: number, config: object = {}) {
  const context = await testContext()
  const points = [
    { key: 'E02/stack/ph', address: { mn, factor: 'w01001' } },
    { key: 'E02/stack/so2', address: { mn, factor: 'a21026', report: 'hour' } },
  ].map(({ key, address }) => ({ key, address: Hj212Address.parse(address), intervalMs: 1_000 }))
  const settings = hj212.config.parse({
    ...{ address: `127.0.0.1:${port}`, timeoutMs: 1_000, idleMs: 1_000, ...config },
    exchange: { answerMs: 300, tries: 3, resultMs: 300 },
  })
  return { driver: hj212.create(settings, points, context) as Hj212DialDriver, context }
}

/** A logger that is dialled and reports ten times a second. */
async function reporting(): Promise<Peer> {
  const { port, close } = await listen((socket) => {
    const logger = new RawLogger(socket)
    const timer = setInterval(() => logger.send(golden('SampleTime=20160801')), 100)
    socket.on('close', () => clearInterval(timer))
  })
  return { port, close }
}

testDiallingDriver({
  name: 'hj212 dialling',
  peer: reporting,
  driver: async (port) => (await driverOf(port)).driver,
})

/** A frame by hand: length and check of what is given. */
function framed(segment: string): string {
  return `##${String(segment.length).padStart(4, '0')}${segment}${crcText(crcOf(Buffer.from(segment)))}`
}

/** A logger that answers each frame it reads with what `answer` says; it first makes itself known. */
async function talking(answer: (line: string, count: number) => readonly string[], config: object = {}) {
  const read: string[] = []
  const { port, close } = await listen((socket) => {
    const logger = new RawLogger(socket)
    logger.send(golden('SampleTime=20160801'))
    socket.on('data', () => {
      for (const line of logger.lines.slice(read.length)) {
        read.push(line)
        if (!line.includes('CN=9014')) logger.send(...answer(line, read.length))
      }
    })
  })
  onTestFinished(close)
  const { driver, context } = await driverOf(port, { idleMs: 20_000, commands: commandNames, ...config })
  const life = new Life(driver)
  expect(await life.next()).toEqual([])
  await life.until((all) => all.length > 0)
  const samples = life.until((all) => all.length >= 3).catch(() => [])
  const command = (one: Command) => driver.command(mn, one, AbortSignal.timeout(20_000))
  return { read, command, samples, context, driver }
}

const qnOf = (line: string) => /QN=(\d{17})/.exec(line)![1]!
const reply = (line: string, cn: string, area: string) =>
  framed(`QN=${qnOf(line)};ST=91;CN=${cn};PW=123456;MN=${mn};Flag=4;CP=&&${area}&&`)

test('D3 a command: sent exactly, answered, carried out', async () => {
  const { read, command } = await talking((line) => [
    reply(line, '9011', 'QnRtn=1'),
    reply(line, '9012', 'ExeRtn=1'),
  ])
  const timeMs = Date.parse('2016-08-01T08:58:57+08:00')
  expect(await command({ name: 'set-clock', timeMs, factor: 'w01018' })).toEqual({
    outcome: 'done',
    data: {},
  })
  const line = read.find((one) => one.includes('CN=1012'))!
  const segment = `QN=${qnOf(line)};ST=32;CN=1012;PW=123456;MN=${mn};Flag=5;CP=&&PolId=w01018,SystemTime=20160801085857&&`
  expect(line).toBe(framed(segment))
})

test('D3 a command: what was asked for comes between answer and result', async () => {
  const { command } = await talking((line) => [
    reply(line, '9011', 'QnRtn=1'),
    reply(line, '1061', 'RtdInterval=30'),
    reply(line, '9012', 'ExeRtn=1'),
  ])
  expect(await command({ name: 'read-interval' })).toEqual({ outcome: 'done', data: { RtdInterval: '30' } })
})

test('D3 a command: history that is sent again comes in as readings', async () => {
  const { command, samples } = await talking((line) => [
    reply(line, '9011', 'QnRtn=1'),
    reply(line, '2061', 'DataTime=20160801070000;a21026-Avg=1.5,a21026-Flag=N'),
    reply(line, '2061', 'DataTime=20160801080000;a21026-Avg=2.5,a21026-Flag=N'),
    reply(line, '9012', 'ExeRtn=1'),
  ])
  const fromMs = Date.parse('2016-08-01T07:00:00+08:00')
  const outcome = await command({ name: 'resend', report: 'hour', fromMs, toMs: fromMs + 3_600_000 })
  expect(outcome.outcome).toBe('done')
  expect((await samples).slice(1)).toMatchObject([
    { point: 'E02/stack/so2', value: 1.5, timeMs: fromMs },
    { point: 'E02/stack/so2', value: 2.5, timeMs: fromMs + 3_600_000 },
  ])
})

test('D3 a command that is lost is sent again under its number; refusals and failures keep their codes', async () => {
  const late = await talking((line, count) => (count < 4 ? [] : [reply(line, '9011', 'QnRtn=2')]))
  expect(await late.command({ name: 'read-clock' })).toEqual({ outcome: 'refused', code: '2' })
  const sent = late.read.filter((line) => line.includes('CN=1011'))
  expect(sent).toHaveLength(3)
  expect(new Set(sent).size).toBe(1)
  const failing = await talking((line) => [reply(line, '9011', 'QnRtn=1'), reply(line, '9012', 'ExeRtn=5')])
  expect(await failing.command({ name: 'read-clock' })).toEqual({ outcome: 'failed', code: '5' })
})

test('D7 a command: silence, an answer without a result, an answer to something else', async () => {
  const silent = await talking(() => [])
  expect(await silent.command({ name: 'read-clock' })).toEqual({ outcome: 'no-answer' })
  const half = await talking((line) => [reply(line, '9011', 'QnRtn=1')])
  expect(await half.command({ name: 'read-clock' })).toEqual({ outcome: 'no-result' })
  const other = await talking((line) => [
    reply(line, '9011', 'QnRtn=1').replace(/QN=\d/, 'QN=1'),
    golden('QnRtn=1'),
  ])
  expect(await other.command({ name: 'read-clock' })).toEqual({ outcome: 'no-answer' })
})

test('D3 a command that is not on the allow-list is not sent, nor one to a logger that is not there', async () => {
  const { read, command, driver } = await talking(() => [], { commands: ['read-clock'] })
  expect(await command({ name: 'set-interval', seconds: 30 })).toEqual({ outcome: 'not-allowed' })
  expect(await driver.command('X', { name: 'read-clock' }, AbortSignal.timeout(1_000))).toEqual({
    outcome: 'not-connected',
  })
  const first = command({ name: 'read-clock' })
  expect(await command({ name: 'read-clock' })).toEqual({ outcome: 'busy' })
  await first
  expect(read.filter((line) => !line.includes('CN=9014')).every((line) => line.includes('CN=1011'))).toBe(
    true,
  )
})

test('D3 F8 a configuration is refused with every mistake told', async () => {
  const parsed = hj212.config.safeParse({
    loggers: [{ mn: 'a' }, { mn: 'a', key: 'short' }],
    commands: ['reboot'],
    accept: ['everything'],
  })
  const text = parsed.error!.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n')
  for (const part of ['loggers.1.key expected 32', 'commands.0', 'accept.0']) expect(text).toContain(part)
  const both = hj212.config.safeParse({
    listen: '0.0.0.0:1',
    address: 'a:1',
    loggers: [{ mn: 'a' }, { mn: 'a' }],
  })
  expect(both.error!.issues.map(({ message }) => message)).toEqual([
    'expected either listen: HOST:PORT or address: HOST:PORT',
    'a stands there twice',
  ])
  // Without quotes YAML reads a number, and loses digits.
  const number = hj212.address.safeParse({ mn: 88888880000001, factor: 'B01' })
  expect(number.error!.issues[0]!.message).toContain('in quotes')
})

test('D3 a dialled logger that goes silent is given up', async () => {
  const { port, close } = await listen((socket) => {
    new RawLogger(socket).send(golden('SampleTime=20160801'))
  })
  onTestFinished(close)
  const { driver } = await driverOf(port)
  const failure = await vi.waitFor(() => new Life(driver).failure(), { timeout: 20_000 })
  expect(failure).toMatchObject({
    code: 'lost',
    message: expect.stringContaining('no frame of a known logger'),
  })
})
