import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type Driver, DriverError } from './driver.ts'
import { Life } from './testbed/context.ts'
import { closedPort, type Listener, listen, TcpProxy } from './testbed/tcp-proxy.ts'

export interface Peer {
  readonly port: number
  /** Makes the peer send a value, where it does not by itself. */
  provoke?(): Promise<void>
  close(): Promise<void>
}

/** What a driver that dials needs for the suite: a well-behaved peer, and itself pointed at a port of 127.0.0.1. */
export interface DiallingBench {
  readonly name: string
  peer(): Promise<Peer>
  /** With short time-outs: the suite waits for them. */
  driver(port: number): Promise<Driver>
}

/** What a driver that listens needs: itself on any free port, and a client that delivers one value. */
export interface ListeningBench {
  readonly name: string
  driver(port: number): Promise<Driver & { readonly port: number | undefined }>
  deliver(port: number): Promise<void>
}

/** A driver is gone this soon after abort; the rest is leave for a busy machine. */
const endWithinMs = 500
const leaveMs = 500

/** The contract of `Driver` for one that dials. */
export function testDiallingDriver(bench: DiallingBench): void {
  const { name } = bench
  const opened = async () => {
    const peer = await bench.peer()
    const proxy = await TcpProxy.open(peer.port)
    onTestFinished(async () => {
      await proxy.close()
      await peer.close()
    })
    const driver = await bench.driver(proxy.port)
    return { peer, proxy, driver }
  }
  const hostile = async (behave: Parameters<typeof listen>[0]): Promise<Listener> => {
    const peer = await listen(behave)
    onTestFinished(() => peer.close())
    return peer
  }

  test(`F2 ${name}: says it is linked, then yields values, and ends soon after abort`, async () => {
    const { peer, driver } = await opened()
    const life = new Life(driver)
    expect(await life.next()).toEqual([])
    await peer.provoke?.()
    const [sample] = await life.until((samples) => samples.length > 0)
    expect(sample?.value).toEqual(expect.any(Number))
    const waiting = life.failure()
    await expectSoon(life, waiting)
  })

  test(`F2 ${name}: a peer that refuses is a DriverError`, async () => {
    const life = new Life(await bench.driver(await closedPort()))
    expect(await life.failure()).toBeInstanceOf(DriverError)
  })

  test(`F2 ${name}: a peer that accepts and says nothing is a DriverError, and abort ends the wait`, async () => {
    const { port } = await hostile(() => undefined)
    expect(await new Life(await bench.driver(port)).failure()).toBeInstanceOf(DriverError)
    const life = new Life(await bench.driver(port))
    const waiting = life.failure()
    await expectSoon(life, waiting)
  })

  test(`F2 ${name}: a peer that talks rubbish is a DriverError`, async () => {
    const seed = Date.now() % 2 ** 31
    const random = generator(seed)
    const { port } = await hostile((socket) => {
      const babble = () => socket.write(Buffer.from(Array.from({ length: 300 }, () => random() & 0xff)))
      babble()
      socket.on('data', babble)
    })
    const failure = await new Life(await bench.driver(port)).failure()
    expect(failure, `seed ${seed}`).toBeInstanceOf(DriverError)
  })

  test(`F2 ${name}: a connection that closes is a DriverError, and the next life works`, async () => {
    const { peer, proxy, driver } = await opened()
    const first = new Life(driver)
    await first.next()
    proxy.cut()
    expect(await first.failure()).toBeInstanceOf(DriverError)
    const second = new Life(driver)
    expect(await second.next()).toEqual([])
    await peer.provoke?.()
    await second.until((samples) => samples.length > 0)
  })

  test(`F2 ${name}: a connection that stands but carries nothing any more is a DriverError`, async () => {
    const { proxy, driver } = await opened()
    const life = new Life(driver)
    await life.next()
    proxy.stall()
    expect(await life.failure()).toBeInstanceOf(DriverError)
  }, 30_000)
}

/** The contract of `Driver` for one that listens: what one client does is no harm to another. */
export function testListeningDriver(bench: ListeningBench): void {
  const { name } = bench
  const opened = async () => {
    const driver = await bench.driver(0)
    const life = new Life(driver)
    expect(await life.next()).toEqual([])
    return { driver, life, port: driver.port! }
  }
  const client = (port: number, behave: (socket: ReturnType<typeof connect>) => void) =>
    new Promise<void>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port }, () => {
        behave(socket)
        resolve()
      })
      socket.on('error', () => undefined)
      onTestFinished(() => {
        socket.destroy()
      })
    })

  test(`F2 ${name}: says it is linked, then yields values, and ends soon after abort`, async () => {
    const { life, port } = await opened()
    const delivered = bench.deliver(port)
    const [sample] = await life.until((samples) => samples.length > 0)
    expect(sample?.value).toEqual(expect.any(Number))
    const waiting = life.failure()
    await delivered
    await expectSoon(life, waiting)
  })

  test(`F2 ${name}: clients that stall, talk rubbish or close half-open harm no other`, async () => {
    const seed = Date.now() % 2 ** 31
    const random = generator(seed)
    const { life, port } = await opened()
    for (let i = 0; i < 20; i++) {
      await client(port, () => undefined)
      await client(port, (socket) =>
        socket.write(Buffer.from(Array.from({ length: 300 }, () => random() & 0xff))),
      )
      await client(port, (socket) => socket.end())
      await client(port, (socket) => socket.resetAndDestroy())
    }
    const delivered = bench.deliver(port)
    const samples = await life.until((all) => all.length > 0)
    expect(samples, `seed ${seed}`).toHaveLength(1)
    const waiting = life.failure()
    await delivered
    await expectSoon(life, waiting)
  })

  test(`F2 F8 ${name}: a port in use is a DriverError that says so, and a later life works`, async () => {
    const owner = await listen(() => undefined)
    const driver = await bench.driver(owner.port)
    expect(await new Life(driver).failure()).toMatchObject({
      code: 'listen',
      message: expect.stringContaining(`127.0.0.1:${owner.port}: the port is in use`),
    })
    await owner.close()
    expect(await new Life(driver).next()).toEqual([])
  })
}

/** Aborts, and sees the life end in time and without an error. */
async function expectSoon(life: Life, waiting: Promise<unknown>): Promise<void> {
  const startedMs = performance.now()
  life.abort()
  expect(await waiting).toBeUndefined()
  expect(performance.now() - startedMs).toBeLessThan(endWithinMs + leaveMs)
}

/** Small repeatable generator of 32-bit numbers (xorshift32). */
function generator(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
