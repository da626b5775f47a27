import { messageOf, topics } from '@farwatch/model'
import { type Service, startService } from '@farwatch/runtime'
import type { DeviceContext } from '../devices/device.ts'
import { type Credential, Publisher } from '../devices/publisher.ts'
import { helmetDetector } from '../values/city-processes.ts'
import { createNoise } from '../values/noise.ts'
import { bareHeaded, boxOf } from './scene/people.ts'
import { takePicture } from './scene/scene.ts'
import { sunAt } from './scene/sun.ts'
import type { View } from './scene/view.ts'
import { type Camera, eventMessage, type Tracked, trackedId } from './tracked.ts'

const camera: Camera = { name: 'E10-gate', label: 'no-helmet', zone: 'gate' }
/** What Frigate calls those who are always in the picture; the periodic pictures go out under it. */
const bystanders = 'person'
const everyMs = 1_000
/** A view must be so much better to be worth another message. */
const betterBy = 0.03
/** How long somebody walks in before they stand. */
const approachMs = 15_000

export interface GateCameraOptions {
  /** The broker that Frigate publishes to. */
  readonly url: string
  readonly credential: Credential | undefined
  readonly seed: number
  /** A fresh picture so often, whether anything happens or not. */
  readonly pictureEveryMs: number
}

/** E10's gate camera with Frigate beside it: events, and pictures as retained JPEG. */
export function startGateCamera(options: GateCameraOptions, context: DeviceContext): Promise<Service> {
  const { plant, clock, log } = context
  const publisher = new Publisher(
    {
      url: options.url,
      clientId: 'frigate-E10',
      credential: options.credential,
      bounds: { messages: 60, bytes: 6_000_000 },
    },
    context,
  )
  const site = createNoise(options.seed, 'E10/gate')
  let tracked: Tracked | undefined
  const wanted = new Map<string, View>()
  let drawing = false

  function look(timeMs: number): View {
    const score = plant.value(helmetDetector, timeMs)
    const direction = plant.value('E10/station1/windDirection', timeMs)
    return {
      timeMs,
      sun: sunAt(timeMs),
      clouds: Math.min(1, Math.max(0, 0.4 + 0.5 * site.smooth(timeMs, 5 * 3_600_000))),
      haze: Math.min(1, plant.value('E10/station1/pm10', timeMs) / 240),
      wind: plant.value('E10/station1/windSpeed', timeMs),
      fromRight: direction > 180,
      site,
      detection:
        score < 0.5
          ? null
          : { score, approach: Math.min(1, (timeMs - (tracked?.startMs ?? timeMs)) / approachMs) },
    }
  }

  /** Draws one picture at a time; of each label only the newest that waits. */
  async function publishPicture(newest: View, label: string): Promise<void> {
    wanted.set(label, newest)
    if (drawing) return
    drawing = true
    try {
      for (const [next, view] of wanted) {
        wanted.delete(next)
        const { jpeg } = await takePicture(view, camera.name.toUpperCase())
        publisher.publish(topics.frigateSnapshot(camera.name, next), jpeg, { retain: true })
      }
    } catch (error) {
      log.error({ problem: messageOf(error) }, 'the camera cannot draw its picture')
    } finally {
      drawing = false
    }
  }

  function detect(): void {
    const timeMs = clock.now()
    const view = look(timeMs)
    const person = bareHeaded(view)
    const before = tracked
    if (person === null || view.detection === null) {
      if (before === undefined) return
      tracked = undefined
      tell('end', before, { ...before, timeMs, endMs: timeMs })
      return
    }
    const score = Math.round(view.detection.score * 1_000) / 1_000
    const seen = { timeMs, score, box: boxOf(person) }
    if (before !== undefined && score < before.topScore + betterBy) {
      tracked = { ...before, ...seen }
      return
    }
    tracked = {
      id: before?.id ?? trackedId(timeMs),
      startMs: before?.startMs ?? timeMs,
      endMs: null,
      topScore: score,
      best: seen,
      ...seen,
    }
    tell(before === undefined ? 'new' : 'update', before ?? tracked, tracked)
    void publishPicture(view, camera.label)
  }

  function tell(type: 'new' | 'update' | 'end', before: Tracked, after: Tracked): void {
    publisher.publish(topics.frigateEvents, eventMessage(type, { before, after, camera }))
  }

  return startService(log, async (life) => {
    life.onStop('gate camera', () => publisher.stop())
    publisher.start()
    await publishPicture(look(clock.now()), bystanders)
    life.onStop('detector', clock.every(everyMs, detect))
    const periodic = () => publishPicture(look(clock.now()), bystanders)
    life.onStop('periodic picture', clock.every(options.pictureEveryMs, periodic))
    return {}
  })
}
