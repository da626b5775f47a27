import { expect, test } from 'vitest'
import { Mailbox } from './mailbox.ts'

function mailbox(bound = 100) {
  const abort = new AbortController()
  let dropped = 0
  const box = new Mailbox<number>({
    bound,
    signal: abort.signal,
    overflowed: (count) => {
      dropped += count
    },
  })
  return { box, abort, dropped: () => dropped }
}

test('items come out in order and in bounded batches, whether they came before or while somebody waits', async () => {
  const { box, abort } = mailbox()
  for (const item of [1, 2, 3]) box.put(item)
  const batches = box.batches(2)
  expect((await batches.next()).value).toEqual([1, 2])
  expect((await batches.next()).value).toEqual([3])
  const waiting = batches.next()
  box.put(4)
  expect((await waiting).value).toEqual([4])
  const last = batches.next()
  abort.abort()
  expect((await last).done).toBe(true)
})

test('beyond its bound the oldest give way and are counted', async () => {
  const { box, dropped } = mailbox(16)
  for (let i = 0; i < 1_000; i++) box.put(i)
  const { value } = await box.batches(1_000).next()
  expect(value?.at(-1)).toBe(999)
  expect(value!.length).toBeLessThanOrEqual(16)
  expect(value!.length + dropped()).toBe(1_000)
})

test('a failure reaches both who reads and who still connects', async () => {
  const { box } = mailbox()
  box.fail(new Error('first'))
  box.fail(new Error('second'))
  await expect(box.end).rejects.toThrow('first')
  await expect(box.batches(1).next()).rejects.toThrow('first')
})
