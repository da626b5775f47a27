import { parseFrigateEvent } from '@farwatch/model'
import { type Clock, silentLog, systemClock } from '@farwatch/runtime'
import { loadImage } from '@napi-rs/canvas'
import { expect } from 'vitest'
import { Stage } from '../scripts/stage.ts'
import { startMosquitto, subscribe, testWith, until } from '../testing/peers.ts'
import { cityProcesses, helmetDetector } from '../values/city-processes.ts'
import { Plant } from '../values/plant.ts'
import { startGateCamera } from './gate-camera.ts'

/** A clock whose timers run only as the test moves it on. */
function handClock(startMs: number) {
  let nowMs = startMs
  const timers: { everyMs: number; work: () => void }[] = []
  const clock: Clock = {
    ...systemClock,
    now: () => nowMs,
    every(everyMs, work) {
      timers.push({ everyMs, work })
      return () => {}
    },
  }
  const advance = (seconds: number) => {
    for (let s = 1; s <= seconds; s++) {
      nowMs += 1_000
      for (const { everyMs, work } of timers) if ((nowMs - startMs) % everyMs === 0) work()
    }
  }
  return { clock, advance }
}

testWith(
  ['mosquitto', 'mosquitto_sub'],
  'F3 the gate camera sends Frigate’s new, update and end with pictures, and fresh pictures in between',
  async () => {
    const broker = await startMosquitto()
    const subscription = subscribe(broker.port, 'frigate/#')
    const { clock, advance } = handClock(1_795_420_000_000)
    const stage = new Stage(clock)
    const processes = new Map(cityProcesses(1)).set(helmetDetector, () => 0)
    const context = { plant: new Plant(processes, stage.overlay), clock, log: silentLog }
    const camera = await startGateCamera(
      { url: `mqtt://127.0.0.1:${broker.port}`, credential: undefined, seed: 1, pictureEveryMs: 30_000 },
      context,
    )
    const events = () =>
      subscription.messages
        .filter(({ topic }) => topic === 'frigate/events')
        .map(({ payload }) => JSON.parse(payload.toString()))
    const pictures = (label: string) =>
      subscription.messages.filter(({ topic }) => topic === `frigate/E10-gate/${label}/snapshot`)
    await until(() => pictures('person').length === 1)
    advance(31)
    await until(() => pictures('person').length === 2)
    expect(events()).toEqual([])

    stage.play('helmet')
    advance(30)
    await until(() => events().at(-1)?.type === 'end' && pictures('no-helmet').length > 0)
    const [first, ...others] = events()
    expect(first.type).toBe('new')
    expect(others.length).toBeGreaterThanOrEqual(2)
    expect(others.slice(0, -1).every(({ type }) => type === 'update')).toBe(true)
    expect(new Set(events().map(({ after }) => after.id)).size).toBe(1)
    const last = others.at(-1)
    expect(last.before.end_time).toBeNull()
    expect(last.after).toMatchObject({
      camera: 'E10-gate',
      label: 'no-helmet',
      sub_label: null,
      false_positive: false,
      has_snapshot: true,
      has_clip: false,
      stationary: false,
      entered_zones: ['gate'],
      current_zones: [],
    })
    expect(last.after.id).toMatch(/^\d{10}\.\d{6}-[a-z0-9]{6}$/)
    expect(last.after.end_time).toBeGreaterThan(last.after.start_time)
    const [x1, y1, x2, y2] = last.after.snapshot.box
    expect(0 <= x1 && x1 < x2 && x2 <= 1280 && 0 <= y1 && y1 < y2 && y2 <= 720).toBe(true)
    for (const event of events())
      expect(parseFrigateEvent(JSON.stringify(event))).not.toHaveProperty('problem')

    for (const label of ['person', 'no-helmet']) {
      const image = await loadImage(pictures(label)[0]!.payload)
      expect([image.width, image.height]).toEqual([1280, 720])
    }
    const late = subscribe(broker.port, 'frigate/+/+/snapshot')
    await until(() => new Set(late.messages.map(({ topic }) => topic)).size === 2)
    await camera.stop()
    await late.stop()
    await subscription.stop()
    await broker.stop()
  },
)
