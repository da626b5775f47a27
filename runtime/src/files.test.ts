import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeAtomically } from './files.ts'

test('a file is replaced whole; a replacement that fails leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'farwatch-files-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'state.json')
  await writeAtomically(path, 'old')
  await writeAtomically(path, 'new')
  expect(await readFile(path, 'utf8')).toBe('new')
  await mkdir(join(folder, 'occupied'))
  await expect(writeAtomically(join(folder, 'occupied'), 'x')).rejects.toThrow()
  expect((await readdir(folder)).sort()).toEqual(['occupied', 'state.json'])
})
