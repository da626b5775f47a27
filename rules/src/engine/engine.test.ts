import { encodeBatch, encodeSeries, Quality, type Series } from '@farwatch/model'
import { Subject } from 'rxjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { Condition, Input, Output } from '../conditions/condition.ts'
import { Centre } from '../testing/centre.ts'
import { gasRules, lel01, rulesOf } from '../testing/city.ts'
import { freshCell } from './cell.ts'
import { lift } from './lift.ts'
import { Timers } from './timers.ts'

let centre: Centre
beforeEach(async () => {
  centre = new Centre(rulesOf(gasRules))
  await centre.start()
})
afterEach(() => centre.remove())

/** A batch as the gateway sends it: many readings of one point, a second apart, the last one just now. */
function take(values: number[], qualities: number[] = values.map(() => 0)): void {
  const receivedMs = centre.clock.now()
  const series: Series = {
    point: lel01,
    timeSource: 'gateway',
    timesMs: Float64Array.from(values, (_, i) => receivedMs - (values.length - 1 - i) * 1_000),
    values: Float64Array.from(values),
    qualities: Uint16Array.from(qualities),
  }
  const bytes = encodeBatch({ sign1: new Uint8Array(1), series: [encodeSeries(series)] })
  centre.engine.take(centre.engine.position, { kind: 'batch', receivedMs, gateway: 'gw', bytes })
}

async function kinds(): Promise<string[]> {
  await centre.book.flushed()
  return (await centre.transitions()).map(({ transition }) => transition.kind)
}

test('F4 readings of one batch are judged by their own times, not by when the batch came', async () => {
  take([20, 28, 29, 20])
  expect(await kinds()).toEqual([])
  centre.clock.advanceTo(centre.clock.now() + 10_000)
  take([20, 28, 29, 30, 20])
  expect(await kinds()).toEqual(['raised', 'returned'])
})

test('F8 bad and missing values of a batch neither set nor clear', async () => {
  take([99, 99, 99, 99], [Quality.bad, Quality.bad, Quality.badSensorFailure, Quality.bad])
  expect(await kinds()).toEqual([])
  centre.clock.advanceTo(centre.clock.now() + 10_000)
  take([28, 28, 28, Number.NaN, 1], [0, 0, 0, Quality.badNoCommunication, Quality.bad])
  expect(await kinds()).toEqual(['raised'])
})

test('R3 late readings are counted, wait for others of their kind, and show what was', async () => {
  take([28, 28, 28])
  expect(await kinds()).toEqual(['raised'])
  take([1, 1, 1])
  // The last of them is as new as the newest: it is judged at once.
  expect(centre.engine.counts.late).toBe(2)
  expect(await kinds()).toEqual(['raised', 'returned'])
  centre.tick(2_000)
  expect(await kinds()).toEqual(['raised', 'returned', 'withdrawn'])
  expect(centre.book.current().map(({ state, transitions }) => [state, transitions.at(-1)!.comment])).toEqual(
    [['normal', '依据迟到数据撤回 / withdrawn by data that came late']],
  )
})

test('F8 a point that no rule watches is counted, and harms nothing', async () => {
  await centre.receive({ point: 'E99/x/y', value: 99 })
  await centre.process()
  expect(centre.engine.counts).toMatchObject({ unwatched: 1, badRecords: 0 })
})

test('F4 a condition that throws ends its own stream, not that of its neighbour', () => {
  const broken: Condition<number> = {
    clock: 'event',
    limit: null,
    stateVersion: 1,
    schema: z.number(),
    initial: () => 0,
    step: () => {
      throw new Error('broken')
    },
    why: () => ({ zh: '坏', en: 'broken' }),
  }
  const sound: Condition<number> = {
    ...broken,
    step: (state, { timeMs }) => ({
      state: state + 1,
      outputs: [{ kind: 'set', atMs: timeMs, value: null, worst: null }],
    }),
  }
  const input: Input = {
    kind: 'reading',
    timeMs: 1,
    nowMs: 1,
    arrivedMs: 1,
    value: 1,
    quality: 0,
    late: false,
  }
  const inputs$ = new Subject<Input>()
  const host = { timers: new Timers(), order: 0, wake: () => input, nowMs: () => 1, goneOn: () => undefined }
  const errors: unknown[] = []
  const said: Output[] = []
  inputs$.pipe(lift(broken, freshCell(broken), host)).subscribe({ error: (error) => errors.push(error) })
  inputs$.pipe(lift(sound, freshCell(sound), host)).subscribe((output) => said.push(output))
  inputs$.next(input)
  inputs$.next(input)
  expect(errors).toEqual([new Error('broken')])
  expect(said).toHaveLength(2)
})
