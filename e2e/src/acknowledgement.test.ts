import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runForeign } from '@farwatch/gateway/testbed'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import mqtt from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { type Acknowledged, unproven } from './acknowledgement-trace.ts'

const centre = fileURLToPath(new URL('./acknowledging-centre.ts', import.meta.url))
const traced = 'trace=fdatasync,fsync,write,writev,pwrite64,pwritev,sendto,sendmsg'

/** Intake under strace: where it listens, and the trace once it has ended. */
async function tracedCentre(
  strace: string,
  home: string,
): Promise<{ port: number; trace: () => Promise<string> }> {
  const file = join(home, 'trace')
  const child = spawn(
    strace,
    [...['-f', '-yy', '-xx', '-s', '1000000', '-e', traced, '-o', file], process.execPath, centre, home],
    // File operations through io_uring would not be seen as calls.
    {
      env: { PATH: process.env.PATH, UV_USE_IO_URING: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    },
  )
  const ended = once(child, 'exit')
  const signal = (name: NodeJS.Signals) => {
    // The group: strace hands nothing on to what it traces.
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, name)
  }
  onTestFinished(() => signal('SIGKILL'))
  let output = ''
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const [, found] = /PORT (\d+)/.exec(output) ?? []
      if (found !== undefined) resolve(Number(found))
    })
    child.on('exit', () => reject(new Error(`the centre ended: ${output}`)))
  })
  return {
    port,
    async trace() {
      signal('SIGTERM')
      await ended
      return readFile(file, 'latin1')
    },
  }
}

/** Forty messages at once, then ten one by one, from one connection. */
async function publishMany(port: number): Promise<Acknowledged[]> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`)
  const sent: Acknowledged[] = []
  const { localPort } = client.stream as unknown as Socket
  client.on('packetsend', (packet) => {
    if (packet.cmd === 'publish') {
      sent.push({ marker: String(packet.payload), packetId: packet.messageId!, port: localPort })
    }
  })
  const publish = (i: number) =>
    client.publishAsync('telemetry/S/d', JSON.stringify({ [`marker${1_000 + i}`]: i }), { qos: 1 })
  await Promise.all(Array.from({ length: 40 }, (_, i) => publish(i)))
  for (let i = 40; i < 50; i++) await publish(i)
  await client.endAsync()
  return sent
}

test('J1 strace shows each PUBACK after the fsync of its record', { timeout: 120_000 }, async (context) => {
  const strace = skipWithoutPeer(context, 'strace')
  const mosquitto = skipWithoutPeer(context, 'mosquitto_pub')
  const home = await mkdtemp(join(tmpdir(), 'farwatch-trace-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const { port, trace } = await tracedCentre(strace.path, home)
  const messages = await publishMany(port)
  const foreign = { marker: JSON.stringify({ mosquitto: 4711 }), packetId: 1, port: undefined }
  const to = ['-h', '127.0.0.1', '-p', `${port}`, '-q', '1', '-t', 'telemetry/S/d', '-m', foreign.marker]
  expect(await runForeign(mosquitto.path, to)).toBe(0)
  const text = await trace()
  expect(messages).toHaveLength(50)
  expect(unproven(text, [...messages, foreign])).toEqual([])
  // The same trace without its syncs proves nothing.
  const unsynced = text.replaceAll(/^.*(fdatasync|fsync).*$/gm, '')
  expect(unproven(unsynced, [...messages, foreign])).toHaveLength(51)
})

test('the reader of traces sees a PUBACK that came before its fsync was complete', () => {
  const hex = (bytes: string | readonly number[]) =>
    Array.from(Buffer.from(bytes as string), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  const file = '21</tmp/h/journal/0000000000000001.log>'
  const socket = '24<TCP:[127.0.0.1:1883->127.0.0.1:50000]>'
  const write = `11 pwrite64(${file}, "${hex('head mark')}", 9, 32) = 9`
  const [begin, end] = [`12 fdatasync(${file} <unfinished ...>`, '12 <... fdatasync resumed>)        = 0']
  const puback = `10 writev(${socket}, [{iov_base="${hex([0x40])}", iov_len=1}, {iov_base="${hex([2, 0, 7])}", iov_len=3}], 2) = 4`
  const check = (...lines: string[]) =>
    unproven(lines.join('\n'), [{ marker: 'mark', packetId: 7, port: 50_000 }])
  expect(check(write, begin, end, puback)).toEqual([])
  expect(check(write, begin, puback, end)).toEqual(['mark: PUBACK on line 2, fsync complete only on line 3'])
  expect(check(puback, write, begin, end)).toEqual(['mark: PUBACK on line 0, fsync complete only on line 3'])
  // A sync that began before the write was complete says nothing about it.
  expect(check(begin, write, end, puback)).toEqual(['mark: its record was never synced'])
  expect(check(write, begin, end.replace('= 0', '= -1 EIO'), puback)).toEqual([
    'mark: its record was never synced',
  ])
  expect(check(write, begin, end)).toEqual(['mark: no PUBACK of packet 7'])
})
