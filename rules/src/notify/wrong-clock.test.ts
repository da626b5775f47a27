import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Logger, silentLog, systemClock } from '@farwatch/runtime'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { encodeEntries, type TransitionEntry } from '../alerts/entry.ts'
import { advance } from '../alerts/life.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { MemoryJournal } from '../testing/memory-journal.ts'
import { cursorName, notificationLifeMs, runOutbox } from './outbox.ts'
import { webhook } from './webhook.ts'

const secret = `whsec_${Buffer.from('a secret of at least 24 bytes').toString('base64')}`
const hourMs = 3_600_000
const wait = { timeout: 20_000 }

/** A receiver that checks signature and timestamp (five minutes) by the true clock, as its library does. */
let accepted: string[]
let calls: number
let dislikes: (body: string) => boolean
let server: Server
let url: string

beforeEach(async () => {
  accepted = []
  calls = 0
  dislikes = () => false
  server = createServer((request, response) => void receive(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const part of request.setEncoding('utf8')) body += part
  calls++
  try {
    new Webhook(secret).verify(body, request.headers as Record<string, string>)
  } catch (error) {
    response.writeHead(401).end(String(error))
    return
  }
  if (dislikes(body)) response.writeHead(403).end('blocked')
  else {
    accepted.push(String(request.headers['webhook-id']))
    response.writeHead(204).end()
  }
}

/** Raised, and acknowledged behind it. */
function alertOf(subject: string, setMs: number): TransitionEntry[] {
  const head = {
    rule: 'gas-1',
    ruleVersion: 1,
    subject,
    site: 'E01',
    level: 'orange' as const,
    title: { zh: '可燃气体', en: 'Gas' },
    why: { zh: '超限', en: 'above' },
    unit: '%LEL',
    limit: 25,
  }
  const raised = advance(undefined, { kind: 'set', atMs: setMs, value: 28, head }, setMs)!
  const act = { by: 'operator', comment: null }
  const known = advance(raised, { kind: 'acknowledge', atMs: setMs, ...act }, setMs)!
  return [raised, known].map(({ transitions, ...alert }) => ({
    kind: 'transition',
    before: 1,
    cause: { version: 1, output: 1 },
    alert,
    transition: transitions.at(-1)!,
  }))
}

const idsOf = (entries: readonly TransitionEntry[]) =>
  entries.map(({ alert, transition }) => `alert_${alert.id}_${transition.n}`)

/** A life of the outbox over a journal; its timers go by `clock`, its signatures by the clock of the centre. */
function outboxOf(
  journal: MemoryJournal,
  { clock, wallAheadMs }: { clock: ManualClock; wallAheadMs: number },
) {
  const wall = { aheadMs: wallAheadMs }
  const results: string[] = []
  const errors: object[] = []
  const log = { ...silentLog, error: (about: object) => errors.push(about) } as unknown as Logger
  const life = new AbortController()
  const wallClock = { ...systemClock, now: () => Date.now() + wall.aheadMs }
  const running = runOutbox(webhook({ url, secret }, wallClock), cursorName(url), {
    ...{ journal, clock, log, random: () => 1, signal: life.signal },
    onResult: (_, result) => results.push(result),
  })
  const stop = async () => {
    life.abort()
    await running
  }
  return { wall, results, errors, stop }
}

test('F4 calls that a clock an hour off has signed arrive once it is right, in order, under the same ids', async () => {
  const journal = new MemoryJournal()
  const startMs = Date.now()
  const clock = new ManualClock(startMs)
  const entries = ['A', 'B', 'C'].flatMap((subject) => alertOf(subject, startMs))
  for (const entry of entries) await journal.append(encodeEntries([entry]))
  const { wall, results, errors, stop } = outboxOf(journal, { clock, wallAheadMs: hourMs })
  await vi.waitFor(() => expect(results.filter((result) => result === 'refused')).toHaveLength(6), wait)
  expect(accepted).toEqual([])
  const callsAtFirst = calls
  for (let minute = 1; minute <= 60; minute++) {
    clock.advanceTo(startMs + minute * 60_000)
    await vi.waitFor(() => expect(clock.waiting).toBe(1), wait)
  }
  // Refused all along: one probe each five minutes.
  expect(calls - callsAtFirst).toBeLessThan(30)
  expect(accepted).toEqual([])

  wall.aheadMs = 0
  clock.advanceTo(clock.now() + 300_000)
  await vi.waitFor(() => expect(accepted).toHaveLength(entries.length), wait)
  for (const subject of ['A', 'B', 'C']) {
    const ids = idsOf(alertOf(subject, startMs))
    expect(accepted.filter((id) => ids.includes(id))).toEqual(ids)
  }
  expect(results.filter((result) => result === 'accepted')).toHaveLength(entries.length)
  expect(errors).toEqual([])
  await stop()
  expect((await journal.cursor(cursorName(url))).position).toBe(journal.next)
})

test('F4 a message that the receiver dislikes holds up no other alert, only later steps of its own', async () => {
  const journal = new MemoryJournal()
  const startMs = Date.now()
  const clock = new ManualClock(startMs)
  const [bad, good] = [alertOf('BAD', startMs), alertOf('GOOD', startMs)]
  dislikes = (body) => body.includes('BAD')
  for (const entry of [bad[0]!, good[0]!, bad[1]!, good[1]!]) await journal.append(encodeEntries([entry]))
  const { results, stop } = outboxOf(journal, { clock, wallAheadMs: 0 })
  await vi.waitFor(() => expect(accepted).toEqual(idsOf(good)), wait)
  await vi.waitFor(() => expect(results.filter((result) => result === 'refused')).toHaveLength(2), wait)
  await stop()
  // What was not accepted begins the next life, in order.
  const next = journal.reborn()
  expect((await next.cursor(cursorName(url))).position).toBe(1)
  dislikes = () => false
  accepted = []
  const again = outboxOf(next, { clock, wallAheadMs: 0 })
  await vi.waitFor(() => expect(accepted).toHaveLength(4), wait)
  expect(accepted.filter((id) => idsOf(bad).includes(id))).toEqual(idsOf(bad))
  await again.stop()
})

test('F4 what is refused for a day is given up, counted and named', async () => {
  const journal = new MemoryJournal()
  const startMs = Date.now()
  const clock = new ManualClock(startMs)
  const entries = alertOf('A', startMs)
  for (const entry of entries) await journal.append(encodeEntries([entry]))
  const { results, errors, stop } = outboxOf(journal, { clock, wallAheadMs: -hourMs })
  await vi.waitFor(() => expect(results.filter((result) => result === 'refused')).toHaveLength(2), wait)
  await vi.waitFor(() => expect(clock.waiting).toBe(1), wait)
  clock.advanceTo(startMs + notificationLifeMs + 1)
  await vi.waitFor(() => expect(results.filter((result) => result === 'expired')).toHaveLength(2), wait)
  expect(errors).toMatchObject(idsOf(entries).map((id) => ({ id, result: 'expired' })))
  expect(accepted).toEqual([])
  await stop()
})
