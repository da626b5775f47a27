import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicKeys } from '@farwatch/evidence'
import { Credentials } from '@farwatch/ingest'
import { lockFile, openJournal, silentLog, systemClock } from '@farwatch/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { anchorNow } from './anchor-now.ts'
import { credentialsFile } from './enrol.ts'
import { main } from './main.ts'

let home: string
let copy: string
let printed: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'farwatch-anchor-'))
  copy = join(home, 'copy')
  await mkdir(copy)
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
  vi.stubEnv('FARWATCH_ANCHOR_FOLDER', copy)
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  process.exitCode = undefined
  await rm(home, { recursive: true })
})

test('J4 farwatch anchor now works on a folder at rest, and its copy is checked with the public keys alone', async () => {
  const now = () => anchorNow(home)
  await expect(now()).rejects.toThrow(/is not the data folder of a centre/)
  const journal = await openJournal({ folder: join(home, 'journal'), log: silentLog, clock: systemClock })
  await journal.close()
  await now()
  await now()
  expect(printed).toMatch(/^\d{4}-\d\d-\d\d-000001\n\d{4}-\d\d-\d\d-000002\n$/)

  const { keys } = await Credentials.open(credentialsFile(home))
  const keysFile = join(home, 'keys.json')
  await writeFile(keysFile, publicKeys(keys))
  const verify = () => main(['anchor', 'verify', copy, '--keys', keysFile])
  printed = ''
  await verify()
  expect(printed).toMatch(/^\S+-000001 {2}1 chains {2}good\n\S+-000002 {2}1 chains {2}good\n$/)
  expect(process.exitCode).toBeUndefined()

  const name = (await readdir(copy)).find((file) => file.endsWith('000001.anchor'))!
  const changed = await readFile(join(copy, name))
  changed[changed.length - 1]! ^= 1
  await writeFile(join(copy, name), changed)
  printed = ''
  await verify()
  expect(printed).toMatch(
    /000001 .* WRONG: the signature does not match\n\S+000002 .* WRONG: its previous hash/,
  )
  expect(process.exitCode).toBe(1)
})

test('J4 farwatch anchor now asks the centre that holds the folder, which removes the request when done', async () => {
  await mkdir(join(home, 'journal'))
  const release = lockFile(join(home, 'farwatch.lock'))
  try {
    const asked = anchorNow(home)
    const request = join(home, 'anchors', 'request')
    await vi.waitFor(() => readFile(request), { timeout: 10_000 })
    await rm(request)
    await expect(asked).rejects.toThrow(/nothing to anchor yet/)
  } finally {
    release()
  }
})
