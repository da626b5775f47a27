import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadIdentity, openSpool } from '@farwatch/gateway/uplink'
import { Credentials, startIntake } from '@farwatch/ingest'
import { decodeRecord, seriesOf } from '@farwatch/model'
import { createMetrics, type Journal, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import mqtt from 'mqtt'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startCommand } from './command.ts'

/** Evidence from the sensor to a third person: a gateway and a centre as they run, and the commands as processes of their own. */

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-evidence-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const inHome = (...parts: string[]) => join(home, ...parts)

async function centre() {
  const journal = await openJournal({ folder: inHome('centre', 'journal'), log: silentLog })
  const credentials = await Credentials.open(inHome('centre', 'credentials.json'))
  const intake = await startIntake(
    { host: '127.0.0.1', port: 0 },
    {
      ...{ clock: systemClock, log: silentLog, metrics: createMetrics() },
      ...{ journal, credentials, registry: { sites: [] }, home: inHome('centre') },
    },
  )
  return {
    ...{ journal, credentials, url: `mqtt://127.0.0.1:${intake.port}` },
    async stop() {
      await intake.stop()
      await journal.close()
    },
  }
}

/** One life of gateway GW-1 in its folder. */
async function gateway(url: string, password: string) {
  const identity = await loadIdentity(inHome('gateway'))
  const spool = await openSpool({
    ...{ gateway: 'GW-1', identity, url, password, home: inHome('gateway'), links: () => [] },
    ...{ clock: systemClock, log: silentLog, lingerMs: 1 },
  })
  return {
    key: identity.key,
    async measure(values: readonly number[]): Promise<void> {
      for (const value of values) {
        const reading = { timeMs: Date.now(), value, quality: 0, timeSource: 'device' } as const
        await spool.add([
          { ...reading, point: 'E01/tank/level' },
          { ...reading, point: 'E01/tank/temp', value: -value },
        ])
      }
    },
    delivered: () => expect.poll(() => spool.waiting(), { timeout: 15_000 }).toBe(0),
    stop: () => spool.stop(),
  }
}

async function run(args: readonly string[], folder?: string) {
  const command = startCommand(args, {}, folder)
  const { code } = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

async function levels(journal: Journal): Promise<number[]> {
  const entries = await journal.read(1, { records: 100_000 })
  const all = entries.flatMap(({ payload }) => seriesOf(decodeRecord(payload!)))
  return all.filter(({ point }) => point === 'E01/tank/level').flatMap(({ values }) => [...values])
}

test('J4 a third person with nothing but the export and the public keys names the one reading whose bit was flipped', {
  timeout: 60_000,
}, async () => {
  const side = await centre()
  const password = await side.credentials.enrolGateway('GW-1')
  const first = await gateway(side.url, password)
  await first.measure([12.3, 12.4, 12.5])
  await first.delivered()
  await first.stop()
  const rotated = await run(['keys', 'rotate', 'GW-1', '--home', inHome('gateway')])
  expect(rotated).toMatchObject({ code: 0, stdout: expect.stringMatching(first.key.keyId) })
  const second = await gateway(side.url, password)
  expect(second.key.keyId).not.toBe(first.key.keyId)
  await second.measure([12.6, 12.7])
  await second.delivered()
  const device = await mqtt.connectAsync(side.url)
  for (let i = 0; i < 5; i++) await device.publishAsync('telemetry/E10/d', `{"pm10": ${50 + i}}`, { qos: 1 })
  await device.endAsync()
  const isSealed = async () =>
    (await side.journal.read(1, { records: 1_000 })).some(
      ({ payload }) => decodeRecord(payload!).kind === 'seal',
    )
  await expect.poll(isSealed, { timeout: 10_000 }).toBe(true)

  // While it all runs.
  const exported = await run(['export', '--home', inHome('centre'), '--out', inHome('export.zip')])
  expect(exported, exported.stderr).toMatchObject({ code: 0 })
  const listed = await run(['keys', 'list', '--public', '--home', inHome('centre')])
  await second.stop()
  await side.stop()

  const elsewhere = inHome('elsewhere')
  await mkdir(elsewhere)
  await copyFile(inHome('export.zip'), join(elsewhere, 'export.zip'))
  await writeFile(join(elsewhere, 'keys.json'), listed.stdout)
  await rm(inHome('centre'), { recursive: true })
  await rm(inHome('gateway'), { recursive: true })
  const verify = (...more: string[]) =>
    run(['verify', 'export.zip', '--keys', 'keys.json', ...more], elsewhere)
  const sound = await verify('--lang', 'en')
  expect(sound, sound.stdout).toMatchObject({ code: 0 })
  expect(sound.stdout).toMatch(/Verified: 5 batches, 5 records sealed by the centre, 15 readings/)
  expect(sound.stdout).toMatch(/GW-1, chain [0-9a-f]{16}: complete from 1 to 5, from its beginning/)
  expect((await run(['verify', 'export.zip', '--lang', 'zh'], elsewhere)).stdout).toMatch(
    /公钥取自文件包本身[\s\S]*完好/,
  )

  const bytes = await readFile(join(elsewhere, 'export.zip'))
  const value = Buffer.alloc(8)
  value.writeDoubleLE(12.7)
  bytes[bytes.indexOf(value) + 6]! ^= 4
  await writeFile(join(elsewhere, 'export.zip'), bytes)
  const flipped = await verify('--lang', 'en')
  expect(flipped.code).toBe(1)
  const named =
    /reading of E01\/tank\/level at \S+Z in batch GW-1\/[0-9a-f]{16}\/5: the file says \S+, signed is 12\.7/
  expect(flipped.stdout).toMatch(named)
  const { findings } = JSON.parse((await verify('--json')).stdout) as { findings: { code: string }[] }
  expect(findings.filter(({ code }) => code !== 'container')).toHaveLength(1)
})

test('J4 a key that is revoked while its gateway has batches waiting: nothing is lost, nothing of it is taken', {
  timeout: 60_000,
}, async () => {
  const side = await centre()
  const password = await side.credentials.enrolGateway('GW-1')
  const first = await gateway(side.url, password)
  await first.measure([1, 2])
  await first.delivered()
  await first.stop()
  const offline = await gateway('mqtt://127.0.0.1:1', password)
  await offline.measure([3, 4])
  await offline.stop()
  const { keyId } = first.key
  const home = ['--home', inHome('centre')]
  const revoked = await run(['keys', 'revoke', 'GW-1', keyId, '--reason', 'cabinet broken open', ...home])
  expect(revoked, revoked.stderr).toMatchObject({ code: 0 })
  await run(['keys', 'rotate', 'GW-1', '--home', inHome('gateway')])
  const { key } = await loadIdentity(inHome('gateway'))
  const enrolled = await run(['keys', 'enrol', 'GW-1', key.publicKey, ...home])
  expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 })
  const again = await gateway(side.url, password)
  await again.measure([5])
  await again.delivered()
  expect(await levels(side.journal)).toEqual([1, 2, 3, 4, 5])
  expect(side.credentials.keysOf('GW-1').map((one) => one.keyId)).toEqual([key.keyId])
  expect((await run(['keys', 'list', ...home])).stdout).toMatch(/revoked from \S+: cabinet broken open/)
  await again.stop()
  expect(await run(['export', '--out', inHome('export.zip'), ...home])).toMatchObject({ code: 0 })
  expect(await run(['verify', inHome('export.zip')])).toMatchObject({ code: 0 })
  await side.stop()
})
