import { FarwatchError, type PointKey } from '@farwatch/model'
import type { Clock } from '@farwatch/runtime'
import { scripts } from './index.ts'
import { lengthS, type Script, valueAt } from './script.ts'

export interface PlayOptions {
  /** 10 plays ten times as fast. */
  readonly speed?: number
}

interface Playing {
  readonly script: Script
  readonly beganMs: number
  readonly speed: number
}

/** Where scripts play. Each script at most once at a time: playing it again starts it over. */
export class Stage {
  readonly #clock: Clock
  readonly #playing = new Map<string, Playing>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws FarwatchError `unknown-script`, `bad-speed`. */
  play(id: string, { speed = 1 }: PlayOptions = {}): void {
    const script = scripts.get(id)
    if (script === undefined) {
      throw new FarwatchError(
        'unknown-script',
        `no script ${id}: there are ${[...scripts.keys()].join(', ')}`,
      )
    }
    if (!(speed > 0 && speed <= 10_000)) {
      throw new FarwatchError('bad-speed', `speed ${speed}, expected a number above 0, at most 10000`)
    }
    this.#playing.delete(id)
    this.#playing.set(id, { script, beganMs: this.#clock.now(), speed })
  }

  /** Ends one script or all of them at once: points go back to what they naturally measure. */
  halt(id?: string): void {
    if (id === undefined) this.#playing.clear()
    else this.#playing.delete(id)
  }

  /** Names of the scripts that play now. */
  playing(): string[] {
    const now = this.#clock.now()
    for (const [id, one] of this.#playing) {
      if (((now - one.beganMs) / 1000) * one.speed >= lengthS(one.script)) this.#playing.delete(id)
    }
    return [...this.#playing.keys()]
  }

  /** The value of a point under every script that plays on it; where two do, the later one wins. */
  readonly overlay = (key: PointKey, timeMs: number, natural: number): number => {
    let value = natural
    for (const { script, beganMs, speed } of this.#playing.values()) {
      const atS = ((timeMs - beganMs) / 1000) * speed
      for (const track of script.tracks) if (track.point === key) value = valueAt(track, atS, value)
    }
    return value
  }
}
