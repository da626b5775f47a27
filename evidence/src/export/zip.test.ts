import { expect, test } from 'vitest'
import { fileOf } from '../verify/scene.ts'
import { readZip, ZipWriter } from './zip.ts'

test('J4 one bit flipped in the container costs no content, and is seen', async () => {
  const chunks: Uint8Array[] = []
  const zip = new ZipWriter(async (bytes) => void chunks.push(bytes))
  const contents = new Map(
    ['evidence/0001.fwe', 'readings/0001.csv', 'README.txt'].map((name, i) => [name, Buffer.alloc(40, i)]),
  )
  const isContent = new Set<number>()
  for (const [name, content] of contents) {
    await zip.add(name, content)
    const end = chunks.reduce((sum, { length }) => sum + length, 0)
    for (let at = end - content.length; at < end; at++) isContent.add(at)
  }
  await zip.finish()
  const whole = Buffer.concat(chunks)
  expect((await readZip(fileOf(whole))).problems).toEqual([])
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      if (isContent.has(at)) continue
      const flipped = Buffer.from(whole)
      flipped[at]! ^= 1 << bit
      const { entries, problems } = await readZip(fileOf(flipped))
      expect(problems.length, `byte ${at} bit ${bit}`).toBeGreaterThan(0)
      for (const [name, content] of contents) {
        const found = entries.find(({ names }) => names.includes(name))
        expect(await found?.read(), `${name}, byte ${at} bit ${bit}`).toEqual(content)
      }
    }
  }
})
