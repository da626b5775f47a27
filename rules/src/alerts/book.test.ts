import { silentLog } from '@farwatch/runtime'
import { expect, test } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { MemoryJournal } from '../testing/memory-journal.ts'
import { AlertBook } from './book.ts'
import { decodeEntries } from './entry.ts'

const of = { rule: 'gas-1', subject: 'E01/Cellar/LEL01' }
const head = {
  ...of,
  ruleVersion: 1,
  site: 'E01',
  level: 'orange' as const,
  title: { zh: '可燃气体', en: 'Gas' },
  why: { zh: '超限', en: 'above' },
  unit: '%LEL',
  limit: 25,
}

function setUp() {
  const journal = new MemoryJournal()
  const clock = new ManualClock(1_000_000)
  return { journal, clock, book: new AlertBook({ journal, clock, log: silentLog, before: () => 1 }) }
}

function raise(book: AlertBook, atMs = 1_000): void {
  book.onCondition(of, { kind: 'set', atMs, value: 28, head }, { version: 1, output: 1 })
}

test('F4 an alert is shown only once it is on disk; while the journal refuses, it waits and is tried again, in order', async () => {
  const { journal, clock, book } = setUp()
  const seen: string[] = []
  book.subscribe((alert) => seen.push(alert.transitions.at(-1)!.kind))
  journal.refuse = true
  raise(book)
  book.onCondition(of, { kind: 'return', atMs: 2_000, value: 3, worst: 28 }, { version: 1, output: 2 })
  for (let i = 0; i < 20; i++) {
    await new Promise(setImmediate)
    clock.advanceTo(clock.now() + 1_000)
  }
  expect(book.current()).toEqual([])
  expect(book.problem).toBe('refused')
  expect(book.snapshot()).toBeUndefined()
  journal.refuse = false
  clock.advanceTo(clock.now() + 60_000)
  await book.flushed()
  expect(seen).toEqual(['raised', 'returned'])
  expect(book.current()).toHaveLength(1)
  expect(book.problem).toBeUndefined()
})

test('F4 what happens in one turn becomes durable together, a tick before what came of it', async () => {
  const { journal, book } = setUp()
  const mark = book.mark
  raise(book)
  book.note('tick', 5, { at: mark })
  await book.flushed()
  expect(journal.next).toBe(2)
  const [record] = await journal.read(1)
  expect(decodeEntries(record!.payload).map(({ kind }) => kind)).toEqual(['tick', 'transition'])
})

test('F4 an acknowledgement is answered once it is durable, by whoever was first', async () => {
  const { book } = setUp()
  raise(book)
  await book.flushed()
  const { id } = book.current()[0]!
  const [first, second] = await Promise.all([
    book.acknowledge(id, { by: 'li' }),
    book.acknowledge(id, { by: 'wu' }),
  ])
  expect([first.outcome, second.outcome]).toEqual(['done', 'already'])
  expect(book.current()[0]!.transitions.at(-1)).toMatchObject({ kind: 'acknowledged', by: 'li' })
})

test('F4 a closed alert is shown for an hour, and a listener that throws stops nobody', async () => {
  const { clock, book } = setUp()
  book.subscribe(() => {
    throw new Error('bad listener')
  })
  const seen: string[] = []
  book.subscribe((alert) => seen.push(alert.state))
  raise(book)
  await book.flushed()
  book.onCondition(of, { kind: 'return', atMs: 2_000, value: 3, worst: 28 }, { version: 1, output: 2 })
  await book.acknowledge(book.current()[0]!.id, { by: 'li' })
  expect(seen).toEqual(['unacknowledged', 'returned-unacknowledged', 'normal'])
  clock.advanceTo(clock.now() + 3_600_000)
  expect(book.current()).toHaveLength(1)
  clock.advanceTo(clock.now() + 1)
  expect(book.current()).toEqual([])
})
