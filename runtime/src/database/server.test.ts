import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../clock.ts'
import { openServer } from './server.ts'
import { type TestDatabase, testEngines } from './testing.ts'

const engine = testEngines.find(({ name }) => name === 'server')!

/** A TCP forwarder that can be cut, or that swallows what passes as a dead network does. */
class Wire {
  readonly #target: { host: string; port: number }
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  port = 0
  swallows = false

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#target = { host: hostname, port: Number(port || 5432) }
  }

  async open(): Promise<void> {
    this.#server = createServer((near) => {
      const far = connect(this.#target)
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('data', (bytes) => this.swallows || to.write(bytes))
        from.on('close', () => to.destroy())
        from.on('error', () => to.destroy())
      }
    })
    await new Promise<void>((resolve) => this.#server!.listen(this.port, '127.0.0.1', resolve))
    this.port = (this.#server.address() as { port: number }).port
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
    await closed
  }
}

const title = 'F3 database server'
describe.skipIf(engine.missing)(engine.missing ? `${title} (${engine.missing})` : title, () => {
  let tested: TestDatabase
  let wire: Wire
  let url: string

  beforeAll(async () => {
    tested = await engine.create()
    const target = (tested.location as { url: string }).url
    wire = new Wire(target)
    await wire.open()
    const through = new URL(target)
    through.host = `127.0.0.1:${wire.port}`
    url = through.href
  })
  afterAll(async () => {
    await wire?.cut()
    await tested?.drop()
  })

  test('a server that goes away is unavailable, not refused, and is used again once it is back', async () => {
    const database = await openServer(url)
    await database.query('select 1')
    let reached: () => void = () => undefined
    const inside = new Promise<void>((resolve) => {
      reached = resolve
    })
    const cutInside = database.transaction(async (transaction) => {
      await transaction.query('create table half (id int)')
      reached()
      await transaction.query('select pg_sleep(30)')
    })
    const outcome = cutInside.catch((error: unknown) => error)
    await inside
    await wire.cut()
    expect(await outcome).toMatchObject({ code: 'database-unavailable', retryable: true })
    await expect(database.query('select 1')).rejects.toMatchObject({ code: 'database-unavailable' })
    await wire.open()
    expect(await database.query(`select to_regclass('half') as half`)).toEqual([{ half: null }])
    await database.transaction((transaction) => transaction.query('select 1'))
    await database.close()
  })

  test('a server that answers nothing is given up after the deadline', async () => {
    const alarms: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after: (_, work) => {
        alarms.push(work)
        return () => alarms.splice(alarms.indexOf(work), 1)
      },
    }
    const database = await openServer(url, clock)
    await database.query('select 1')
    wire.swallows = true
    const stuck = database.query('select 2').catch((error: unknown) => error)
    await expect.poll(() => alarms.length).toBe(1)
    alarms[0]!()
    expect(await stuck).toMatchObject({ code: 'database-unavailable', retryable: true })
    wire.swallows = false
    expect(await database.query('select 3 as n')).toEqual([{ n: 3 }])
    await database.close()
  })

  test('F8 a wrong address, a closed port and an unknown database are told apart', async () => {
    await expect(openServer('nonsense')).rejects.toMatchObject({ code: 'database-refused' })
    const closed = new URL(url)
    closed.port = '1'
    await expect(openServer(closed.href)).rejects.toMatchObject({ code: 'database-unavailable' })
    const unknown = new URL(url)
    unknown.pathname = '/no_such_database'
    await expect(openServer(unknown.href)).rejects.toMatchObject({
      code: 'database-refused',
      sqlState: '3D000',
    })
  })
})
