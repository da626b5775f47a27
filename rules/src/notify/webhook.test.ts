import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Sent, silentLog, systemClock, webhookTimeoutMs } from '@farwatch/runtime'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeEntries, type TransitionEntry } from '../alerts/entry.ts'
import { advance } from '../alerts/life.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { MemoryJournal } from '../testing/memory-journal.ts'
import { deliver, firstBackOffMs, longestBackOffMs, type Notification } from './channel.ts'
import { cursorName, notificationLifeMs, runOutbox } from './outbox.ts'
import { webhook } from './webhook.ts'

const secret = `whsec_${Buffer.from('a secret of at least 24 bytes').toString('base64')}`

/** A receiver that answers what the test says and keeps what it was sent. */
let answer: (response: ServerResponse) => void
let received: { headers: IncomingHttpHeaders; body: string }[]
let server: Server
let url: string

beforeEach(async () => {
  received = []
  answer = (response) => response.writeHead(204).end()
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      answer(response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

function entryOf(setMs: number): TransitionEntry {
  const head = {
    rule: 'gas-1',
    ruleVersion: 1,
    subject: 'E01/Cellar/LEL01',
    site: 'E01',
    level: 'orange' as const,
    title: { zh: '可燃气体', en: 'Gas' },
    why: { zh: '超限', en: 'above' },
    unit: '%LEL',
    limit: 25,
  }
  const { transitions, ...alert } = advance(undefined, { kind: 'set', atMs: setMs, value: 28, head }, setMs)!
  return {
    kind: 'transition',
    before: 1,
    cause: { version: 1, output: 1 },
    alert,
    transition: transitions[0]!,
  }
}

function notification(): Notification {
  const { alert, transition } = entryOf(Date.now())
  return { id: `alert_${alert.id}_1`, alert, transition }
}

const never = new AbortController().signal

test('F4 a webhook is signed after Standard Webhooks: its library verifies it, a changed byte does not pass', async () => {
  const sent = notification()
  expect(await webhook({ url, secret }, systemClock).send(sent, never)).toEqual({ outcome: 'accepted' })
  const { headers, body } = received[0]!
  const flat = headers as Record<string, string>
  const verified = new Webhook(secret).verify(body, flat) as { type: string; data: { alert: { id: string } } }
  expect(verified.type).toBe('alert.raised')
  expect(verified.data.alert.id).toBe(sent.alert.id)
  expect(headers['webhook-id']).toBe(sent.id)
  expect(() => new Webhook(secret).verify(body.replace('28', '29'), flat)).toThrow()
  const other = `whsec_${Buffer.from('another secret of 24 bytes').toString('base64')}`
  expect(() => new Webhook(other).verify(body, flat)).toThrow()
})

describe('F4 a channel classifies what went wrong', () => {
  test.each<[string, (response: ServerResponse) => void, Sent['outcome']]>([
    ['500', (response) => response.writeHead(500).end('boom'), 'retryable'],
    ['429', (response) => response.writeHead(429, { 'retry-after': '7' }).end(), 'retryable'],
    ['401', (response) => response.writeHead(401).end(), 'refused'],
    ['403', (response) => response.writeHead(403).end(), 'refused'],
    ['400', (response) => response.writeHead(400).end(), 'permanent'],
    [
      '400 by another clock',
      (response) => response.writeHead(400, { date: new Date(0).toUTCString() }).end(),
      'refused',
    ],
    ['404', (response) => response.writeHead(404).end(), 'permanent'],
    ['410', (response) => response.writeHead(410).end(), 'gone'],
    ['a connection that breaks', (response) => response.destroy(), 'retryable'],
  ])('%s', async (_, misbehave, outcome) => {
    answer = misbehave
    expect((await webhook({ url, secret }, systemClock).send(notification(), never)).outcome).toBe(outcome)
  })

  test('a redirect is not followed', async () => {
    answer = (response) => response.writeHead(302, { location: url }).end()
    const sent = await webhook({ url, secret }, systemClock).send(notification(), never)
    expect(sent).toMatchObject({
      outcome: 'permanent',
      problem: expect.stringContaining('redirects are not followed'),
    })
    expect(received).toHaveLength(1)
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ['a server that takes the request and hangs', () => undefined],
    ['an answer that drips for ever', (response) => response.writeHead(200).write('x')],
  ])('%s ends with the timeout', async (_, hang) => {
    answer = hang
    const clock = new ManualClock(Date.now())
    const sending = webhook({ url, secret }, clock).send(notification(), never)
    await vi.waitFor(() => expect(received).toHaveLength(1), 10_000)
    clock.advanceTo(clock.now() + webhookTimeoutMs)
    expect(await sending).toMatchObject({ outcome: 'retryable', problem: expect.stringContaining('10 s') })
  })

  test('an answer of endless size is cut off', async () => {
    answer = (response) => {
      response.writeHead(500)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    }
    const sent = await webhook({ url, secret }, systemClock).send(notification(), never)
    expect(sent.outcome).toBe('retryable')
    expect('problem' in sent && sent.problem.length).toBeLessThan(200)
  })

  test('nobody listens', async () => {
    const dead = createServer().listen(0, '127.0.0.1')
    await once(dead, 'listening')
    const port = (dead.address() as AddressInfo).port
    dead.close()
    await once(dead, 'close')
    const sent = await webhook({ url: `http://127.0.0.1:${port}/`, secret }, systemClock).send(
      notification(),
      never,
    )
    expect(sent).toMatchObject({ outcome: 'retryable', problem: expect.stringContaining('ECONNREFUSED') })
  })
})

test('F4 retries wait ever longer, jittered and bounded, and end when the notification is too old', async () => {
  const waits: number[] = []
  let nowMs = 0
  const sleep = async (ms: number) => {
    waits.push(ms)
    nowMs += ms
  }
  const channel = {
    name: 'dead',
    send: async (): Promise<Sent> => ({ outcome: 'retryable', problem: 'HTTP 500' }),
  }
  const result = await deliver(channel, notification(), {
    clock: { ...systemClock, now: () => nowMs, sleep },
    signal: never,
    random: () => 0.5,
    untilMs: notificationLifeMs,
    onFailure: () => undefined,
  })
  expect(result).toBe('expired')
  expect(waits.slice(0, 3)).toEqual([0.75, 1.5, 3].map((times) => times * firstBackOffMs))
  expect(Math.max(...waits)).toBe(longestBackOffMs * 0.75)
  expect(nowMs).toBeGreaterThan(notificationLifeMs - longestBackOffMs)
})

test('F4 the outbox survives a restart: what was not accepted is sent again with the same id, what was is not', async () => {
  let journal = new MemoryJournal()
  const [first, second] = [entryOf(Date.now() - 2_000), entryOf(Date.now() - 1_000)]
  await journal.append(encodeEntries([first]))
  await journal.append(encodeEntries([second]))
  const run = (signal: AbortSignal) =>
    runOutbox(webhook({ url, secret }, systemClock), cursorName(url), {
      journal,
      clock: systemClock,
      log: silentLog,
      signal,
      random: () => 0,
      onResult: () => undefined,
    })
  answer = (response) => response.writeHead(received.length === 1 ? 204 : 503).end()
  const life = new AbortController()
  const running = run(life.signal)
  await vi.waitFor(() => expect(received).toHaveLength(2), 10_000)
  life.abort()
  await running

  journal = journal.reborn()
  answer = (response) => response.writeHead(204).end()
  const next = new AbortController()
  const again = run(next.signal)
  await vi.waitFor(() => expect(received).toHaveLength(3), 10_000)
  next.abort()
  await again
  const ids = received.map(({ headers }) => headers['webhook-id'])
  expect(ids).toEqual([
    `alert_${first.alert.id}_1`,
    `alert_${second.alert.id}_1`,
    `alert_${second.alert.id}_1`,
  ])
})

test('F4 after 410 nothing more is sent there', async () => {
  const journal = new MemoryJournal()
  for (const age of [3_000, 2_000, 1_000]) await journal.append(encodeEntries([entryOf(Date.now() - age)]))
  answer = (response) => response.writeHead(410).end()
  const results: string[] = []
  const life = new AbortController()
  const running = runOutbox(webhook({ url, secret }, systemClock), cursorName(url), {
    journal,
    clock: systemClock,
    log: silentLog,
    signal: life.signal,
    random: () => 0,
    onResult: (_, result) => results.push(result),
  })
  await vi.waitFor(() => expect(results.filter((result) => result === 'gone')).toHaveLength(3), 10_000)
  life.abort()
  await running
  expect(received).toHaveLength(1)
})
