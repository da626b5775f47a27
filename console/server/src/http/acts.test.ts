import { fileURLToPath } from 'node:url'
import { type Act, isWithin, type Principal, permits } from '@farwatch/model'
import { type Database, migrate, silentLog } from '@farwatch/runtime'
import { type TestDatabase, testEngines } from '@farwatch/runtime/testing'
import fc from 'fast-check'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readablePlaces } from '../queries/acts.ts'
import { alertOf, startConsole } from '../testing.ts'
import { enforceActs } from './acts.ts'
import type { App } from './app.ts'
import { csvLine } from './csv.ts'

const json = { 'content-type': 'application/json' }

function own(url: string): Record<string, string> {
  return { ...json, origin: url }
}

test('W4 what somebody does to an alert or with the log itself is an act', async () => {
  const console = await startConsole()
  try {
    console.desk.put(alertOf(1))
    const path = `/api/alerts/${alertOf(1).id}/acknowledge`
    for (const [address, body, action] of [
      [path, { by: '王敏' }, 'alert.acknowledge'],
      ['/api/acts/verification', {}, 'acts.verify'],
    ] as const) {
      const before = console.acts.end
      const sent = { method: 'POST', headers: own(console.url), body: JSON.stringify(body) }
      expect((await fetch(`${console.url}${address}`, sent)).status).toBe(200)
      expect(console.acts.recorded.slice(before)).toMatchObject([
        { action, actor: { via: 'open', from: '127.0.0.1' } },
      ])
    }
  } finally {
    await console.stop()
  }
})

test('W4 a route that changes something and leaves no act is answered as a fault', async () => {
  const app = Fastify() as unknown as App
  enforceActs(app)
  app.post('/silent', async () => ({ done: true }))
  app.delete('/silent-too', async (_, reply) => reply.code(204).send())
  app.post('/refused', async (_, reply) => reply.code(409).send({}))
  app.post('/desk', { config: { acts: 'desk' } }, async () => ({ done: true }))
  app.get('/read', async () => ({ done: true }))
  app.post('/told', async (request) => {
    request.hasActed = true
    return { done: true }
  })
  const status = async (method: 'GET' | 'POST' | 'DELETE', url: string) =>
    (await app.inject({ method, url })).statusCode
  expect(await status('POST', '/silent')).toBe(500)
  expect(await status('DELETE', '/silent-too')).toBe(500)
  expect(await status('POST', '/refused')).toBe(409)
  expect(await status('POST', '/desk')).toBe(200)
  expect(await status('GET', '/read')).toBe(200)
  expect(await status('POST', '/told')).toBe(200)
  await app.close()
})

test('W6 no field of a CSV is taken for a formula by a spreadsheet', () => {
  expect(csvLine(['=cmd|calc', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', 'a,b', 'say "x"', -5, null])).toBe(
    `'=cmd|calc,'+1,'-1,'@SUM(A1),'\t=1,"'\r=1","a,b","say ""x""",-5,\r\n`,
  )
})

test('W3 the places whose acts SQL gives are those that rights give', () => {
  const code = fc.constantFrom(
    '340000',
    '341600',
    '341602',
    '341602001',
    '341000',
    '310000',
    '110000',
    '110101',
  )
  fc.assert(
    fc.property(
      fc.array(code.chain((jurisdiction) => fc.constantFrom(jurisdiction, null))),
      code,
      (held, place) => {
        const grants = held.map((jurisdiction) => ({
          ...{ role: 'leader' as const, jurisdiction, department: null, enterprise: null },
        }))
        const actor = { account: 'a', name: '', via: 'session' as const, from: null }
        const may = permits({ actor, grants } satisfies Principal, 'audit.read', {
          ...{ jurisdiction: place, departments: [], enterprise: null },
        })
        const places = readablePlaces({ actor, grants })
        expect(places === undefined || places.some((begin) => place.startsWith(begin))).toBe(may)
        expect(held.some((outer) => outer === null || isWithin(place, outer))).toBe(may)
      },
    ),
  )
})

for (const engine of testEngines) {
  describe.skipIf(engine.missing)(`W4 acts on the ${engine.name} database ${engine.missing ?? ''}`, () => {
    let created: TestDatabase
    let database: Database
    let console: Awaited<ReturnType<typeof startConsole>>
    const startMs = Date.UTC(2026, 10, 23, 8)

    beforeAll(async () => {
      created = await engine.create()
      database = created.database
      const folder = fileURLToPath(new URL('../../../../audit/migrations', import.meta.url))
      await migrate(database, { service: 'audit', folder, log: silentLog })
      console = await startConsole({}, { database })
      for (let i = 1; i <= 250; i++) {
        const act: Act = {
          action: i % 2 === 0 ? 'registry.change' : 'session.login',
          actor: { account: `a${i % 5}`, name: '=HYPERLINK("http://x")', via: 'session', from: '10.0.0.7' },
          object: i % 2 === 0 ? { kind: 'limit', id: `L:${i}` } : null,
          jurisdiction: i % 10 === 0 ? '341602' : null,
          ...{ outcome: 'done', before: { value: i }, after: { value: i + 1 }, reason: null },
        }
        await console.acts.append(act)
        const { actor, object } = act
        await database.query(
          `insert into act values ($1, $2, $3, $4, $5, 'session', $6, $7, $8, $9, 'done', null)`,
          [
            ...[i, new Date(startMs + i * 1_000), act.action, actor.account, actor.name, actor.from],
            ...[object?.kind ?? null, object?.id ?? null, act.jurisdiction],
          ],
        )
      }
    })

    afterAll(async () => {
      await console.stop()
      await created.drop()
    })

    const seqs = async (query: string) => {
      const response = await fetch(`${console.url}/api/acts?${query}`)
      const body = (await response.json()) as { acts: { seq: number }[]; next: number | null }
      return { status: response.status, seqs: body.acts?.map(({ seq }) => seq), next: body.next }
    }

    test('W4 they are listed newest first, page after page, by every filter', async () => {
      expect(await seqs('limit=3')).toEqual({ status: 200, seqs: [250, 249, 248], next: 248 })
      expect(await seqs('limit=3&after=248')).toMatchObject({ seqs: [247, 246, 245] })
      expect(await seqs('after=3')).toEqual({ status: 200, seqs: [2, 1], next: null })
      expect(await seqs('account=a0&limit=2')).toMatchObject({ seqs: [250, 245] })
      expect(await seqs('action=session.login&limit=2')).toMatchObject({ seqs: [249, 247] })
      expect(await seqs('object=limit:L:8')).toMatchObject({ seqs: [8], next: null })
      const at = (i: number) => encodeURIComponent(new Date(startMs + i * 1_000).toISOString())
      expect(await seqs(`from=${at(10)}&to=${at(12)}`)).toMatchObject({ seqs: [11, 10] })
      expect((await seqs('from=yesterday')).status).toBe(400)
    })

    test('W4 one act is shown with what was before and after', async () => {
      const response = await fetch(`${console.url}/api/acts/8`)
      expect(await response.json()).toMatchObject({ seq: 8, before: { value: 8 }, after: { value: 9 } })
      expect((await fetch(`${console.url}/api/acts/999`)).status).toBe(404)
    })

    test('W4 as CSV without formulas, and the export is itself an act', async () => {
      const response = await fetch(`${console.url}/api/acts.csv?account=a0`)
      const lines = (await response.text()).trim().split('\r\n')
      expect(lines).toHaveLength(51)
      expect(lines[1]).toContain(`"'=HYPERLINK(""http://x"")"`)
      expect(console.acts.recorded.at(-1)).toMatchObject({ action: 'acts.export', after: { account: 'a0' } })
    })
  })
}
