import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { storeSchema } from '@farwatch/ingest'
import { rulesSchema } from '@farwatch/rules'
import { type Database, DatabaseError, migrate, plainServer, silentLog, systemClock } from '@farwatch/runtime'
import { type TestEngine, testEngines } from '@farwatch/runtime/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Check } from './check.ts'
import { examine } from './doctor.ts'
import { whatToDo } from './settings.ts'

const program = fileURLToPath(new URL('../../bin/farwatch.mjs', import.meta.url))
const patient = { timeout: 60_000 }

interface Printed {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(...args: string[]): Promise<Printed> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'doctor', ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

const byName = (checks: readonly Check[]) => Object.fromEntries(checks.map((check) => [check.name, check]))

async function checksOf(url: string): Promise<Record<string, Check>> {
  const database = plainServer(url)
  try {
    return byName(await examine(database, systemClock))
  } finally {
    await database.close()
  }
}

test('a server that is not there is told in one line, with what to do', patient, async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => holder.once('listening', resolve))
  const address = holder.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => holder.close(resolve))
  const { code, stdout } = await run('--database', `postgres://u:secret@127.0.0.1:${port}/d`)
  expect(code).toBe(1)
  expect(stdout).toMatch(/^fail +connection +.*ECONNREFUSED.*\n +→ nothing answers there/)
  expect(stdout).not.toContain('secret')
  expect((await run('--database', 'mysql://x')).stdout).toMatch(
    /^fail +connection .*not one.*\n.*postgres:\/\//,
  )
})

test('what the command does not understand is said', patient, async () => {
  expect((await run()).stderr).toMatch(/expected --database/)
  expect((await run('--database', 'a', 'b')).stderr).toMatch(/expected --database/)
})

test('a wrong password is told as such', () => {
  expect(whatToDo(new DatabaseError('password authentication failed', { sqlState: '28P01' }))).toMatch(
    /password is wrong/,
  )
})

/** The embedded engine is of the Community edition: what is tried out can be seen to work there. */
test('every feature is tried out on the Community edition, and nothing stays behind', patient, async () => {
  const { database, drop } = await engine('embedded').create()
  onTestFinished(drop)
  const checks = byName(await examine(database, systemClock))
  for (const name of [
    'edition',
    'rights',
    'hypertable',
    'copy',
    'compression',
    'continuous aggregate',
    'clock',
  ])
    expect(checks[name], name).toMatchObject({
      status: expect.stringMatching(name === 'copy' ? /ok|warn/ : /ok/),
    })
  expect(await leftOvers(database)).toEqual([])
})

describe.skipIf(engine('server').missing !== undefined)('a server', () => {
  test('J6 the Apache edition is told, and what it lacks; migrations are counted', patient, async () => {
    const { database, location, drop } = await engine('server').create()
    onTestFinished(drop)
    const url = urlOf(location)
    const { code, stdout: json } = await run('--database', url, '--json')
    expect(code).toBe(0)
    expect(byName(JSON.parse(json) as Check[])).toMatchObject({
      connection: { status: 'ok' },
      version: {
        status: 'ok',
        found: expect.stringMatching(/^PostgreSQL 17\.\d+ .*UTF8$|^PostgreSQL 17.*UTF8$/),
      },
      timescaledb: { status: 'ok' },
      edition: { status: 'warn', found: expect.stringMatching(/^Apache/) },
      rights: { status: 'ok' },
      hypertable: { status: 'ok' },
      copy: { found: expect.stringMatching(/^100000 rows/) },
      compression: { status: 'warn', found: expect.stringMatching(/license/) },
      'continuous aggregate': { status: 'warn', found: expect.stringMatching(/license/) },
      clock: { status: 'ok' },
      durability: {
        found: expect.stringMatching(/^fsync \w+, full_page_writes \w+, synchronous_commit \w+$/),
      },
      schema: { status: 'ok', found: expect.stringMatching(/^ingest 0 of \d+ migrations, rules 0 of/) },
      connections: { status: 'ok' },
    })
    expect(await leftOvers(database)).toEqual([])
    await migrate(database, { ...storeSchema, log: silentLog })
    await migrate(database, { ...rulesSchema, log: silentLog })
    const { stdout } = await run('--database', url)
    expect(stdout).toMatch(/^ok +schema +ingest (\d+) of \1 migrations, rules (\d+) of \2 migrations$/m)
    await database.query(`update migration set sha256 = 'x' where service = 'rules' and number = 1`)
    expect((await checksOf(url)).schema).toMatchObject({
      status: 'fail',
      todo: expect.stringMatching(/another version/),
    })
  })

  test('a database that is not there, and a role that is not', patient, async () => {
    const { location, drop } = await engine('server').create()
    onTestFinished(drop)
    const missing = new URL(urlOf(location))
    missing.pathname = '/farwatch_nowhere'
    expect((await checksOf(missing.href)).connection).toMatchObject({
      todo: expect.stringMatching(/create database/),
    })
    const stranger = new URL(urlOf(location))
    stranger.username = 'farwatch_nobody'
    expect((await checksOf(stranger.href)).connection).toMatchObject({
      status: 'fail',
      todo: expect.stringMatching(/log in/),
    })
  })

  test('a database in which TimescaleDB is not enabled', patient, async () => {
    const { database, location, drop } = await engine('server').create()
    onTestFinished(drop)
    await database.query('drop extension timescaledb')
    expect(await checksOf(urlOf(location))).toMatchObject({
      timescaledb: { status: 'warn', todo: expect.stringMatching(/create extension timescaledb/) },
      edition: { status: 'skipped' },
      hypertable: { status: 'skipped' },
      compression: { status: 'skipped' },
      copy: { found: expect.stringMatching(/rows\/s/) },
    })
  })

  test('a role without rights', patient, async () => {
    const { database, location, drop } = await engine('server').create()
    const role = `farwatch_doctor_${randomBytes(4).toString('hex')}`
    await database.query(`create role ${role} login`)
    onTestFinished(async () => {
      await database.query(`drop role ${role}`)
      await drop()
    })
    const url = new URL(urlOf(location))
    url.username = role
    expect(await checksOf(url.href)).toMatchObject({
      connection: { status: 'ok' },
      rights: { status: 'fail', todo: `grant create on schema public to ${role}` },
      hypertable: { status: 'skipped', found: expect.stringMatching(/permission denied/) },
    })
  })

  test('settings that a power cut would punish are told', patient, async () => {
    const { location, drop } = await engine('server').create()
    onTestFinished(drop)
    const url = new URL(urlOf(location))
    const database = plainServer(url.href)
    onTestFinished(() => database.close())
    await database.query(`alter database ${url.pathname.slice(1)} set synchronous_commit = off`)
    expect((await checksOf(url.href)).durability).toMatchObject({
      status: expect.stringMatching(/warn|fail/),
      todo: expect.stringMatching(/power cut/),
    })
  })
})

function engine(name: 'embedded' | 'server'): TestEngine {
  return testEngines.find((one) => one.name === name)!
}

function urlOf(location: { readonly url: string } | { readonly folder: string }): string {
  return 'url' in location ? location.url : ''
}

async function leftOvers(database: Database): Promise<unknown[]> {
  return database.query(`select nspname from pg_namespace where nspname like 'farwatch_doctor%'`)
}
