import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeAtomically } from './files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-files-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('F8 a file that cannot be replaced, tried again and again, leaves nothing beside it', async () => {
  const path = join(folder, 'state.json')
  await mkdir(join(path, 'in-the-way'), { recursive: true })
  for (let i = 0; i < 3; i++) await expect(writeAtomically(path, 'content')).rejects.toThrow()
  expect(await readdir(folder)).toEqual(['state.json'])
})
