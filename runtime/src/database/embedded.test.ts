import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openDatabase } from './open.ts'
import { type TestDatabase, testEngines } from './testing.ts'

// Opening the embedded engine takes seconds on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

let parent: string

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'farwatch-embedded-'))
})
afterAll(async () => {
  for (const { drop } of made) await drop()
  await rm(parent, { recursive: true, force: true })
})

const made: TestDatabase[] = []

/** A database folder that nobody has open. */
async function madeFolder(): Promise<string> {
  const tested = await testEngines.find(({ name }) => name === 'embedded')!.create()
  made.push(tested)
  await tested.database.close()
  return (tested.location as { folder: string }).folder
}

test('F8 a folder in use, a folder of other files and an unwritable place are named', async () => {
  const folder = join(parent, 'one')
  const database = await openDatabase({ folder })
  await expect(openDatabase({ folder })).rejects.toMatchObject({
    code: 'folder-in-use',
    message: expect.stringContaining(folder),
  })
  await database.close()
  await writeFile(join(parent, 'file'), 'x')
  await expect(openDatabase({ folder: join(parent, 'file', 'database') })).rejects.toMatchObject({
    code: 'folder-unusable',
    message: expect.stringContaining(join(parent, 'file', 'database')),
  })
  await expect(openDatabase({ folder: parent })).rejects.toThrow(`${parent} holds other files`)
})

test('F3 kill -9 frees the folder, and every committed row is there', async () => {
  const folder = await madeFolder()
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { openDatabase } = await import(${JSON.stringify(new URL('./open.ts', import.meta.url).href)})
       const database = await openDatabase({ folder: ${JSON.stringify(folder)} })
       await database.query('create table kept (id int)')
       for (let id = 1; ; id++) {
         await database.query('insert into kept values ($1)', [id])
         console.log(id)
       }`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let last = 0
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (last >= 100) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(last).toBeGreaterThanOrEqual(100)
  const database = await openDatabase({ folder })
  const [row] = await database.query<{ n: number; top: number }>('select count(*) n, max(id) top from kept')
  expect(row!.top).toBe(row!.n)
  // The last insert may have been committed before its number was printed.
  expect(row!.n - last).toBeGreaterThanOrEqual(0)
  expect(row!.n - last).toBeLessThanOrEqual(1)
  await database.close()
})

test('F3 an engine that breaks is opened again, and a transaction it was in is gone', async () => {
  const database = await openDatabase({ folder: await madeFolder() })
  await database.query('create table kept (id int)')
  await database.query('insert into kept values (1)')
  // A sum nested this deep overflows the stack of the WASM engine; a real server only says so.
  const breaking = `select ${Array(30_000).fill('1').join('+')}`
  const inside = database.transaction(async (transaction) => {
    await transaction.query('insert into kept values (2)')
    await transaction.query(breaking)
  })
  const waiting = database.query('select id from kept')
  await expect(inside).rejects.toMatchObject({ code: 'database-unavailable', retryable: true })
  expect(await waiting).toEqual([{ id: 1 }])
  expect(database.capabilities.edition).toBe('community')
  await database.close()
})
