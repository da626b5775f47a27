import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ChainHead,
  checkAnchorFolder,
  decodeLeaves,
  encodeLeaves,
  entryHash,
  generateKeyPem,
  noHash,
  openAnchor,
  readCertificates,
  signingKey,
  verifyAnchor,
  verifyingKey,
  verifySuccession,
  verifyTimestamp,
} from '@farwatch/evidence'
import { type Clock, createMetrics, silentLog, systemClock } from '@farwatch/runtime'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AnchorConfig, loadAnchorConfig } from './config.ts'
import { requestFile } from './maker.ts'
import { type AnchorDeps, anchorFolder, startAnchors } from './start.ts'
import { OpensslAuthority, type Receiver, receive } from './testing.ts'

const key = signingKey(generateKeyPem())
const keys = [verifyingKey(key.publicKey)]
const dayMs = 86_400_000
const secret = `whsec_${Buffer.from('a secret of at least 24 bytes').toString('base64')}`

let home: string
let folder: string
let heads: ChainHead[]
/** Ahead of the machine's clock. */
let aheadMs: number
let closing: (() => unknown)[]

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'farwatch-anchors-'))
  folder = anchorFolder(home)
  heads = [
    { ...{ kind: 'batches', owner: 'GW-1', chain: '01' }, ...{ from: 1, seq: 7, hash: entryHash(noHash) } },
  ]
  aheadMs = 0
  closing = [() => rmSync(home, { recursive: true })]
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
})

/** Waits are short, whatever they are for; the day is what the test says. */
const clock: Clock = {
  ...systemClock,
  now: () => Math.floor(systemClock.now() + aheadMs),
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal),
  every: (_ms, work) => systemClock.every(10, work),
}

async function start(config: AnchorConfig = {}, over: Partial<AnchorDeps> = {}) {
  const metrics = createMetrics()
  const deps = { clock, log: silentLog, metrics, home, key, heads: () => heads, ...over }
  const anchors = await startAnchors(config, deps)
  closing.push(() => anchors.stop())
  return { anchors, metrics }
}

function readAll(from = folder) {
  const names = readdirSync(from).filter((name) => name.endsWith('.anchor'))
  return names.sort().map((name) => {
    const base = join(from, name.replace(/\.anchor$/, ''))
    const leaves = decodeLeaves(readFileSync(`${base}.heads`))
    return { base, statement: readFileSync(`${base}.anchor`), leaves }
  })
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 10 })
const receiver = async (...parameters: Parameters<typeof receive>): Promise<Receiver> => {
  const opened = await receive(...parameters)
  closing.push(() => opened.close())
  return opened
}

describe('J4 daily anchors', () => {
  test('are made once a local day, chained, whole, and made up for at start', async () => {
    const first = await start()
    expect(readAll()).toHaveLength(1)
    await first.anchors.stop()
    const again = await start()
    expect(readAll()).toHaveLength(1)
    await again.anchors.stop()
    // Down over midnight and for some days.
    aheadMs = 3 * dayMs
    heads = [{ ...heads[0]!, seq: 99 }]
    await start()
    expect(readAll()).toHaveLength(2)
    // Midnight while it runs.
    aheadMs = 4 * dayMs
    await until(() => expect(readAll()).toHaveLength(3))
    const [one, two, three] = readAll()
    for (const { statement, leaves } of [one!, two!, three!]) {
      expect(verifyAnchor(statement, leaves, keys)).toMatchObject({ ok: true })
    }
    expect(verifySuccession(one!.statement, two!.statement)).toEqual({ ok: true })
    expect(verifySuccession(two!.statement, three!.statement)).toEqual({ ok: true })
    const { day, madeMs } = openAnchor(three!.statement)
    expect(day).toBe(new Intl.DateTimeFormat('sv', { timeZone: 'Asia/Shanghai' }).format(madeMs))
    expect(verifyAnchor(two!.statement, two!.leaves, keys)).toMatchObject({
      heads: [{ owner: 'GW-1', seq: 99 }],
    })
  })

  test('go on after a day that a wrong clock has put into the future', async () => {
    aheadMs = 4_000 * dayMs
    const { anchors } = await start()
    aheadMs = 0
    await until(() => expect(anchors.last?.seq).toBe(2))
  })

  test('are made on demand, and never without a chain', async () => {
    heads = []
    const { anchors } = await start()
    expect(anchors.last).toBeUndefined()
    heads = [{ kind: 'keys', owner: 'centre', chain: '02', from: 1, seq: 1, hash: entryHash(noHash) }]
    await until(() => expect(anchors.last?.seq).toBe(1))
    writeFileSync(join(folder, requestFile), '')
    await until(() => expect(anchors.last?.seq).toBe(2))
    await until(() => expect(readdirSync(folder)).not.toContain(requestFile))
    expect(anchors.last?.seq).toBe(2)
  })

  test('that were changed or taken away keep the log from going on, with the file named', async () => {
    await (await start()).anchors.stop()
    aheadMs = dayMs
    await (await start()).anchors.stop()
    aheadMs = 2 * dayMs
    await (await start()).anchors.stop()
    const [, second] = readAll()
    rmSync(`${second!.base}.anchor`)
    await expect(start()).rejects.toThrow(/000003\.anchor cannot be used \(sequence 3, expected 2\); restore/)
    writeFileSync(`${second!.base}.anchor`, 'rubbish')
    await expect(start()).rejects.toThrow(/000002\.anchor cannot be used/)
  })
})

describe('J4 a second folder', () => {
  test('is checked without the centre: what was changed, taken away or put in is named', async () => {
    const second = join(home, 'share')
    mkdirSync(second)
    const { anchors } = await start({ folder: second })
    for (const day of [1, 2, 3]) {
      aheadMs = day * dayMs
      await until(() => expect(anchors.destinations[0]!.reached).toBe(day + 1))
    }
    await anchors.stop()
    const check = async (trusted = keys) => {
      const told: string[][] = []
      for await (const one of checkAnchorFolder(second, { keys: trusted, roots: [] }))
        told.push([...one.problems])
      return told
    }
    expect(await check()).toEqual([[], [], [], []])
    const stranger = verifyingKey(signingKey(generateKeyPem()).publicKey)
    expect((await check([stranger])).flat().join()).toMatch(/not among those of the centre/)
    const [first, , third, fourth] = readAll(second)
    writeFileSync(
      `${third!.base}.heads`,
      encodeLeaves(third!.leaves.map((leaf) => Buffer.concat([leaf, leaf]))),
    )
    expect(await check()).toEqual([[], [], ['the heads are not those that were signed'], []])
    rmSync(`${third!.base}.anchor`)
    rmSync(`${third!.base}.heads`)
    expect(await check()).toEqual([[], [], ['sequence 4, expected 3']])
    writeFileSync(`${fourth!.base}.anchor`, first!.statement)
    expect((await check())[2]).toEqual(['sequence 1, expected 3'])
  })

  test('gets every anchor once, also those made while it was away, and is never made by us', async () => {
    const second = join(home, 'share')
    const { anchors, metrics } = await start({ folder: second })
    await until(() => expect(anchors.destinations[0]!.problem).toMatch(/is it mounted/))
    expect(() => statSync(second)).toThrow()
    aheadMs = 3 * dayMs
    await until(() => expect(anchors.health()).toMatchObject({ anchors: { status: 'degraded' } }))
    expect(anchors.health().anchors?.detail).toMatch(/^file: [12] wait, the oldest is .*000001: .*mounted/)
    mkdirSync(second)
    await until(() =>
      expect(readAll(second).map(({ statement }) => statement)).toEqual(readAll().map((a) => a.statement)),
    )
    expect(readAll(second)).toHaveLength(2)
    await until(() =>
      expect(anchors.destinations).toEqual([{ kind: 'file', reached: 2, problem: undefined }]),
    )
    expect(anchors.health()).toEqual({})
    expect(await metrics.metrics()).toMatch(/farwatch_anchor_failures_total\{destination="file"\} [1-9]/)
    const text = await metrics.metrics()
    const delivered = /delivered_timestamp_seconds\{destination="file"\} (\S+)/.exec(text)?.[1]
    expect(Number(delivered) * 1000).toBe(anchors.last!.madeMs)
  })

  test('that has another anchor of this number is not touched', async () => {
    const second = join(home, 'share')
    mkdirSync(second)
    writeFileSync(join(second, '2020-01-01-000001.anchor'), 'of another life')
    const { anchors } = await start({ folder: second })
    await until(() => expect(anchors.destinations[0]!.problem).toMatch(/has another anchor 1 /))
    expect(readdirSync(second)).toEqual(['2020-01-01-000001.anchor'])
  })
})

describe('J4 a webhook', () => {
  test('is told of every anchor until it says 2xx, over a restart, signed, and learns of no gateway', async () => {
    const got: { body: string; headers: Record<string, string> }[] = []
    let answer = (response: ServerResponse): unknown => response.writeHead(400).end('no')
    const { url } = await receiver((body, response, headers) => {
      got.push({ body: body.toString(), headers: headers as Record<string, string> })
      answer(response)
    })
    const config = { webhook: { url, secret } }
    const { anchors } = await start(config)
    await until(() => expect(got.length).toBeGreaterThan(1))
    expect(anchors.destinations[0]!.problem).toBe('HTTP 400: no')
    await anchors.stop()
    const before = got.length
    answer = (response) => response.writeHead(204).end()
    const next = await start(config)
    await until(() => expect(next.anchors.destinations[0]!.reached).toBe(1))
    expect(got.length).toBe(before + 1)
    const { body, headers } = got.at(-1)!
    const message = new Webhook(secret).verify(body, headers) as {
      type: string
      data: { statement: string; hash: string }
    }
    expect(message.type).toBe('anchor.made')
    const statement = Buffer.from(message.data.statement, 'base64')
    expect(statement).toEqual(readAll()[0]!.statement)
    expect(message.data.hash).toBe(Buffer.from(entryHash(statement)).toString('hex'))
    expect(`${body}${statement.toString('latin1')}`).not.toContain('GW-1')
    expect(new Set(got.map((one) => one.headers['webhook-id'])).size).toBe(1)
    // Once accepted it is not sent again, not even after a restart.
    await next.anchors.stop()
    const last = await start(config)
    await until(() => expect(last.anchors.destinations[0]!.reached).toBe(1))
    expect(got.length).toBe(before + 1)
  })
})

describe('J4 a timestamp authority over HTTP', () => {
  test('stamps each anchor; what is kept is verified by OpenSSL and copied to the second folder', async (context) => {
    const authority = new OpensslAuthority(skipWithoutPeer(context, 'openssl').path)
    closing.push(() => authority.remove())
    authority.root('root')
    authority.issue('tsa', { by: 'root', section: 'tsa' })
    authority.root('strange')
    authority.issue('strange-tsa', { by: 'strange', section: 'tsa' })

    const good = (query: Buffer) => authority.reply(query, 'tsa')
    let earlier: Buffer | undefined
    const ways: Record<string, [(query: Buffer, response: ServerResponse) => unknown, RegExp]> = {
      error: [(_query, response) => response.writeHead(503).end(), /HTTP 503/],
      page: [(_query, response) => response.end('<html>please pay</html>'), /not a timestamp/],
      huge: [(_query, response) => response.end(Buffer.alloc(5_000_000)), /more than 65536 bytes/],
      strange: [(query, response) => response.end(authority.reply(query, 'strange-tsa')), /trusted roots/],
      old: [(_query, response) => response.end(earlier), /nonce/],
      slow: [() => undefined, /no complete answer within 30 s/],
      broken: [(_query, response) => response.destroy(), /fetch failed/],
      good: [(query, response) => response.end(good(query)), /^$/],
    }
    let way = 'error'
    const { url } = await receiver((query, response, headers) => {
      expect(headers['content-type']).toBe('application/timestamp-query')
      // The same statement with another nonce, as somebody who replays would have it.
      earlier ??= good(query)
      ways[way]![0](query, response)
    })
    const second = join(home, 'share')
    mkdirSync(second)
    const config = await loadAnchorConfig({
      FARWATCH_ANCHOR_FOLDER: second,
      FARWATCH_ANCHOR_TSA_URL: url,
      FARWATCH_ANCHOR_TSA_ROOTS: authority.path('root.pem'),
    })
    // What a test waits for thirty seconds comes at once, everything else never.
    const hurried: Clock = {
      ...clock,
      after: (ms, work) => systemClock.after(way === 'slow' ? 50 : ms, work),
    }
    const { anchors } = await start(config, { clock: hurried })
    const stamps = () => readdirSync(folder).filter((name) => name.endsWith('.tsr'))
    for (const [name, [, problem]] of Object.entries(ways)) {
      if (name === 'good') continue
      way = name
      await until(() => expect(anchors.destinations[0]!.problem).toMatch(problem))
      expect(stamps()).toEqual([])
    }
    way = 'good'
    await until(() => expect(anchors.destinations.map(({ reached }) => reached)).toEqual([1, 1]))
    await until(() => expect(readdirSync(second).filter((name) => name.endsWith('.tsr'))).toEqual(stamps()))
    const [anchor] = readAll(second)
    const roots = readCertificates(readFileSync(authority.path('root.pem'), 'utf8'))
    expect(verifyTimestamp(readFileSync(`${anchor!.base}.tsr`), anchor!.statement, { roots })).toMatchObject({
      ok: true,
    })
    const files = ['-data', `${anchor!.base}.anchor`, '-in', `${anchor!.base}.tsr`]
    expect(authority.run(['ts', '-verify', ...files, '-CAfile', 'root.pem'])).toContain('Verification: OK')
    expect(() => authority.run(['ts', '-verify', ...files, '-CAfile', 'strange.pem'])).toThrow()
  })

  test('every mistake in the environment is told at once', async () => {
    const wrong = loadAnchorConfig({
      FARWATCH_ANCHOR_WEBHOOK_URL: 'ftp://a',
      FARWATCH_ANCHOR_WEBHOOK_SECRET: 'short',
      FARWATCH_ANCHOR_TSA_URL: 'tsa.example',
    })
    await expect(wrong).rejects.toThrow(/WEBHOOK_URL[\s\S]*WEBHOOK_SECRET[\s\S]*TSA_URL[\s\S]*TSA_ROOTS/)
    expect(await loadAnchorConfig({})).toEqual({})
  })
})
