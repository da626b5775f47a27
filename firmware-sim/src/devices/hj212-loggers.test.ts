import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Clock, silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../testing/peers.ts'
import { cityProcesses } from '../values/city-processes.ts'
import { Plant } from '../values/plant.ts'
import { startBoilerLogger } from './boiler-logger.ts'
import { frame } from './hj212-frame.ts'
import { startSewageLogger } from './sewage-logger.ts'

/** Timers a hundred times as fast; times of day as they are. */
const hasty: Clock = {
  ...systemClock,
  after: (ms, work) => systemClock.after(ms / 100, work),
  every: (ms, work) => systemClock.every(ms / 100, work),
}
const context = { plant: new Plant(cityProcesses(1)), clock: hasty, log: silentLog }

function linesOf(socket: Socket): string[] {
  const lines: string[] = []
  let rest = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    const parts = (rest + chunk.toString()).split('\r\n')
    rest = parts.pop()!
    lines.push(...parts)
  })
  return lines
}

test('a frame as HJ 212-2017 prints it in annex A', () => {
  const segment =
    'QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&'
  expect(frame(segment)).toBe(`##0101${segment}1C80\r\n`)
})

test('E02: the logger dials, tells raw values, and reports its hour until it is answered, over connections too', async () => {
  const connections: { socket: Socket; lines: string[] }[] = []
  const server = createServer((socket) => connections.push({ socket, lines: linesOf(socket) }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const boiler = await startBoilerLogger(
    { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    context,
  )
  onTestFinished(async () => {
    await boiler.stop()
    for (const { socket } of connections) socket.destroy()
    server.close()
  })
  const hours = (i: number) => connections[i]?.lines.filter((line) => line.includes(';CN=2061;')) ?? []
  await until(() => hours(0).length > 0 && connections[0]!.lines.some((line) => line.includes(';CN=2011;')))
  expect(connections[0]!.lines.find((line) => line.includes(';CN=2011;'))).toMatch(
    /^##\d{4}QN=\d{17};ST=31;CN=2011;PW=123456;MN=34162100000000000000E021;Flag=4;CP=&&DataTime=\d{14};a21002-Rtd=\d+\.\d,a21002-Flag=N;a19001-Rtd=\d\.\d\d,a19001-Flag=N&&[0-9A-F]{4}$/,
  )
  const report = hours(0)[0]!
  expect(report).toMatch(
    /;Flag=5;CP=&&DataTime=\d{10}0000;a21002-Min=[\d.]+,a21002-Avg=[\d.]+,a21002-Max=[\d.]+,/,
  )
  connections[0]!.socket.destroy()
  await until(() => hours(1).includes(report))
  const [, qn] = /QN=(\d{17})/.exec(report)!
  connections[1]!.socket.write(
    frame(`QN=${qn};ST=91;CN=9014;PW=123456;MN=34162100000000000000E021;Flag=4;CP=&&&&`),
  )
  // It is sent each 0.3 s of this clock until the answer has been read: three raw values, each 0.1 s, without it are enough.
  const last = () => connections[1]!.lines.slice(-4)
  await until(() => last().length === 4 && last().every((line) => line.includes(';CN=2011;')))
  connections[1]!.socket.destroy()
  await until(() => (connections[2]?.lines.length ?? 0) > 3)
  expect(hours(2)).toEqual([])
})

test('E07: the logger is dialled; analysers tell the time of their sample', async () => {
  const outlet = await startSewageLogger({ host: '127.0.0.1', port: 0 }, context)
  onTestFinished(() => outlet.stop())
  const socket = connect(outlet.port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  const lines = linesOf(socket)
  await until(() => lines.length > 1)
  expect(lines[0]).toMatch(
    /;ST=32;CN=2011;.*;w01018-SampleTime=\d{10}0000,w01018-Rtd=\d+\.\d,w01018-Flag=N;w21003-SampleTime=\d{10}0000,w21003-Rtd=\d\.\d\d,w21003-Flag=N;w01001-Rtd=\d\.\d\d,w01001-Flag=N;w00000-Rtd=\d+\.\d,w00000-Flag=N&&/,
  )
})
