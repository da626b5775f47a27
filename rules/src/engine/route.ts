import type { PointKey } from '@farwatch/model'
import { Observable, type Subscriber } from 'rxjs'
import type { Input } from '../conditions/condition.ts'
import type { Instance } from './conclusions.ts'
import type { Past } from './past.ts'
import type { Timer } from './timers.ts'

/**
 * One point's way to the conditions that watch it. Found by a map look-up; its subscribers are called in order, so that a
 * reading costs nothing for rules that it does not concern.
 */
export class Route {
  readonly key: PointKey
  /** Up to here the point's time has gone on: effective time of the newest reading judged, or of a wake-up after it. Unix ms. */
  lastMs = Number.NEGATIVE_INFINITY
  /** Arrival of the newest reading with a value. */
  arrivedMs = Number.NEGATIVE_INFINITY
  readonly subscribers: Subscriber<Input>[] = []
  /** What late readings need; undefined where no condition is on event time. */
  past: Past | undefined
  /** Its conditions on event time. */
  readonly instances: Instance[] = []
  /** When its late readings are to be judged. */
  judging: Timer | undefined
  readonly inputs$: Observable<Input>

  constructor(key: PointKey) {
    this.key = key
    const { subscribers } = this
    this.inputs$ = new Observable((subscriber) => {
      subscribers.push(subscriber)
      return () => {
        const at = subscribers.indexOf(subscriber)
        if (at >= 0) subscribers.splice(at, 1)
      }
    })
  }
}

/** The routes of lists of points, as far as all of a list have one: a list that comes again is looked up once. */
export class RouteLists {
  readonly #lists = new WeakMap<readonly PointKey[], readonly (Route | undefined)[]>()

  of(points: readonly PointKey[], find: (point: PointKey) => Route | undefined) {
    const known = this.#lists.get(points)
    if (known !== undefined) return known
    const routes = points.map(find)
    if (!routes.includes(undefined)) this.#lists.set(points, routes)
    return routes
  }
}
