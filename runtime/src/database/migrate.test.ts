import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { silentLog } from '../log.ts'
import { migrate } from './migrate.ts'
import { openDatabase } from './open.ts'
import { type TestDatabase, testEngines } from './testing.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

for (const engine of testEngines) {
  const title = `F3 migrations, ${engine.name}`
  describe.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, () => {
    let tested: TestDatabase
    let folder: string
    const source = () => ({ service: 'test', folder, log: silentLog })
    const put = (name: string, sql: string) => writeFile(join(folder, name), sql)

    beforeAll(async () => {
      tested = await engine.create()
      folder = await mkdtemp(join(tmpdir(), 'farwatch-migrations-'))
    })
    afterAll(async () => {
      await tested?.drop()
      await rm(folder, { recursive: true, force: true })
    })

    test('files are applied once, in order, even by several at once', async () => {
      await put('001_first.sql', 'create table a (id int);\ninsert into a values (1);')
      await put('002_second.sql', 'alter table a add column name text;')
      const second = engine.name === 'server' ? await openDatabase(tested.location) : tested.database
      const runs = await Promise.all([migrate(tested.database, source()), migrate(second, source())])
      expect(runs.flat().sort()).toEqual([1, 2])
      expect(await tested.database.query('select id, name from a')).toEqual([{ id: 1, name: null }])
      expect(await migrate(tested.database, source())).toEqual([])
      if (second !== tested.database) await second.close()
      // Another service counts for itself; its file makes the same table, is refused, and not written down as done.
      for (let tries = 0; tries < 2; tries++) {
        await expect(migrate(tested.database, { ...source(), service: 'other' })).rejects.toMatchObject({
          sqlState: '42P07',
        })
      }
    })

    test('a file that fails leaves nothing of itself', async () => {
      await put('003_third.sql', 'create table b (id int); select 1/0;')
      await expect(migrate(tested.database, source())).rejects.toMatchObject({ sqlState: '22012' })
      expect(await tested.database.query(`select to_regclass('b') as b`)).toEqual([{ b: null }])
      await put('003_third.sql', 'create table b (id int);')
      expect(await migrate(tested.database, source())).toEqual([3])
    })

    test('F8 a changed, missing or misnamed file is refused with its name', async () => {
      await put('002_second.sql', 'alter table a add column other text;')
      await expect(migrate(tested.database, source())).rejects.toMatchObject({
        code: 'bad-migration',
        message: expect.stringContaining('002_second.sql was changed'),
      })
      await put('002_second.sql', 'alter table a add column name text;')
      await rename(join(folder, '003_third.sql'), join(folder, 'third'))
      await expect(migrate(tested.database, source())).rejects.toMatchObject({
        code: 'bad-migration',
        message: expect.stringContaining('newer version'),
      })
      await rename(join(folder, 'third'), join(folder, '003_third.sql'))
      await put('005_fifth.sql', '')
      await expect(migrate(tested.database, source())).rejects.toMatchObject({
        code: 'bad-migration',
        message: expect.stringContaining('expected a name like 004_'),
      })
    })
  })
}
