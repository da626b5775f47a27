import { Quality } from '@farwatch/model'
import { silentLog, systemClock } from '@farwatch/runtime'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Driver, DriverError, type Sample } from './driver.ts'
import { type LinkState, LinkSupervisor, type Sink } from './supervisor.ts'

type Life = (signal: AbortSignal) => AsyncGenerator<readonly Sample[]>

/** A driver whose first life is the first of these, and so on; the last one repeats. */
function driverOf(...lives: Life[]): Driver & { lives: number } {
  const driver = {
    lives: 0,
    run: (signal: AbortSignal) => lives[Math.min(driver.lives++, lives.length - 1)]!(signal),
  }
  return driver
}

const sample = (value: number): Sample => ({
  point: 'S/d/m',
  timeMs: 1_000 + value,
  timeSource: 'device',
  value,
  quality: Quality.good,
})

const untilAbort = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

function supervise(driver: Driver, sink: Sink = async () => undefined) {
  const states: LinkState[] = []
  const abort = new AbortController()
  const supervisor = new LinkSupervisor(
    { name: 'l', protocol: 'fake', driver },
    {
      clock: systemClock,
      log: silentLog,
      sink,
      onState: (state) => states.push(state),
      retry: { firstMs: 2, mostMs: 10 },
    },
  )
  const kept = supervisor.keep(abort.signal)
  kept.catch(() => undefined)
  onTestFinished(() => abort.abort())
  return { supervisor, states, kept, abort }
}

test('F2 a link that fails is tried again, and its state and problem tell so', async () => {
  const stored: Sample[] = []
  const driver = driverOf(
    async function* () {
      yield []
      yield [sample(1)]
      throw new DriverError('lost', 'the cable is out')
    },
    async function* () {
      yield* []
      throw new DriverError('refused', 'nobody there')
    },
    async function* (signal) {
      yield []
      yield [sample(2)]
      await untilAbort(signal)
    },
  )
  const { states, kept, abort } = supervise(driver, async (samples) => void stored.push(...samples))
  await vi.waitFor(() => expect(stored.at(-1)?.value).toBe(2))
  expect(states.map(({ state, problem }) => [state, problem])).toEqual([
    ['up', undefined],
    ['down', 'the cable is out'],
    ['down', 'nobody there'],
    ['up', undefined],
  ])
  expect(stored.map(({ value }) => value)).toEqual([1, 2])
  abort.abort()
  await kept
})

test('F2 a batch is acknowledged only when it is stored', async () => {
  const order: string[] = []
  const stored = Promise.withResolvers<void>()
  const driver = driverOf(async function* (signal) {
    yield []
    yield [sample(1)]
    order.push('acknowledged')
    await untilAbort(signal)
  })
  supervise(driver, async () => {
    order.push('given')
    await stored.promise
    order.push('stored')
  })
  await vi.waitFor(() => expect(order).toEqual(['given']))
  stored.resolve()
  await vi.waitFor(() => expect(order).toEqual(['given', 'stored', 'acknowledged']))
})

test('F2 a store that fails is no link failure: the error passes through and the driver is ended', async () => {
  let cleaned = false
  const driver = driverOf(async function* () {
    try {
      yield []
      yield [sample(1)]
    } finally {
      cleaned = true
    }
  })
  const full = new Error('disk full')
  const { kept, states } = supervise(driver, () => Promise.reject(full))
  await expect(kept).rejects.toBe(full)
  expect(cleaned).toBe(true)
  expect(driver.lives).toBe(1)
  expect(states.map(({ state }) => state)).toEqual(['up'])
})

test('F2 a fault in a driver is a failure of its link, and no more', async () => {
  const driver = driverOf(
    async function* () {
      yield* []
      throw new TypeError('x is undefined')
    },
    async function* (signal) {
      yield []
      await untilAbort(signal)
    },
  )
  const { states } = supervise(driver)
  await vi.waitFor(() => expect(states.at(-1)?.state).toBe('up'))
  expect(states[0]).toEqual({ name: 'l', protocol: 'fake', state: 'down', problem: 'x is undefined' })
})

test('F2 what is wrong with a link that stands is part of its state, and is forgotten with its life', async () => {
  const go = Promise.withResolvers<void>()
  const driver = driverOf(
    async function* () {
      await Promise.resolve()
      setup.supervisor.report('two nodes unknown')
      yield []
      await go.promise
      throw new DriverError('lost', 'gone')
    },
    async function* (signal) {
      yield []
      await untilAbort(signal)
    },
  )
  const setup = supervise(driver)
  await vi.waitFor(() =>
    expect(setup.supervisor.state).toMatchObject({ state: 'up', problem: 'two nodes unknown' }),
  )
  go.resolve()
  await vi.waitFor(() => expect(setup.supervisor.state).toEqual({ name: 'l', protocol: 'fake', state: 'up' }))
})
