import { Quality } from '@farwatch/model'
import {
  type Driver,
  type DriverContext,
  DriverError,
  measured,
  type Point,
  type Sample,
  withoutValue,
} from '../../driver.ts'
import { type ModbusAddress, widthOf } from './address.ts'
import { ModbusConnection } from './connection.ts'
import { decode } from './decode.ts'
import type { ModbusConfig } from './index.ts'
import { type Block, plan, type Span, split } from './plan.ts'
import { Unit } from './units.ts'

interface MappedSpan extends Span {
  readonly key: string
  readonly address: ModbusAddress
}

/** What is read of one unit at one interval: its requests, and when the next round is due. */
interface Round {
  readonly unit: number
  readonly intervalMs: number
  /** Replaced by their halves when the device refuses a merged request: what was learnt once is kept. */
  blocks: Block<MappedSpan>[]
  dueMs: number
}

export class ModbusDriver implements Driver {
  readonly #config: ModbusConfig
  readonly #context: DriverContext
  readonly #points: readonly Point<ModbusAddress>[]
  readonly #rounds: Round[]

  constructor(config: ModbusConfig, points: readonly Point<ModbusAddress>[], context: DriverContext) {
    this.#config = config
    this.#context = context
    this.#points = points
    this.#rounds = roundsOf(points, config.maxGap)
  }

  async *run(signal: AbortSignal): AsyncGenerator<readonly Sample[]> {
    const { clock } = this.#context
    const units = new Map(this.#rounds.map(({ unit }) => [unit, new Unit()]))
    const options = { timeoutMs: this.#config.timeoutMs, clock, signal }
    let connection: ModbusConnection | undefined
    const told = new Map<string, Quality>()
    let linked = false
    try {
      connection = await ModbusConnection.open(this.#config.address, options)
      for (const round of this.#rounds) round.dueMs = clock.monotonicMs()
      while (!signal.aborted) {
        const round = this.#rounds.reduce((a, b) => (b.dueMs < a.dueMs ? b : a))
        const waitMs = round.dueMs - clock.monotonicMs()
        if (waitMs > 0) await clock.sleep(waitMs, signal)
        const unit = units.get(round.unit)!
        const samples = unit.mayAsk(clock.monotonicMs()) ? await this.#poll(round, unit, connection) : []
        this.#setDue(round)
        this.#judge(units)
        // A TCP gateway that accepts says little: the link stands once a unit behind it has spoken.
        if (!linked && [...units.values()].some(({ hasSpoken }) => hasSpoken)) {
          linked = true
          yield []
        }
        const news = samples.filter((sample) => !isOldNews(sample, told))
        if (linked && news.length > 0) yield news
      }
    } catch (error) {
      if (signal.aborted) return
      // These values carry the gateway's time, so the end of them must too, or the last would look good for ever.
      if (linked)
        yield withoutValue(this.#points, clock.now(), Quality.badNoCommunication).filter(
          (sample) => !isOldNews(sample, told),
        )
      throw error
    } finally {
      connection?.close()
    }
  }

  /** The samples of one round, as far as the unit answered; once it is given up, that its points have no value. */
  async #poll(round: Round, unit: Unit, connection: ModbusConnection): Promise<Sample[]> {
    const { clock } = this.#context
    const samples: Sample[] = []
    const queue = [...round.blocks]
    const read: Block<MappedSpan>[] = []
    for (let block = queue.shift(); block !== undefined; block = queue.shift()) {
      const reply = await connection.read(block)
      if (reply.kind === 'silence' || (reply.kind === 'exception' && isUnreachable(reply.code))) {
        if (unit.unanswered(clock.monotonicMs()))
          samples.push(...withoutValue(this.#pointsOf(round.unit), clock.now(), Quality.badNoCommunication))
        return samples
      }
      unit.answered()
      const halves = reply.kind === 'exception' && isRange(reply.code) ? split(block) : undefined
      if (halves !== undefined) {
        queue.unshift(...halves)
        continue
      }
      read.push(block)
      const timeMs = clock.now()
      if (reply.kind === 'exception')
        samples.push(...withoutValue(block.spans, timeMs, qualityOf(reply.code)))
      else samples.push(...this.#valuesOf(block, reply.bytes, timeMs))
    }
    round.blocks = read
    return samples
  }

  #valuesOf(block: Block<MappedSpan>, bytes: Buffer, timeMs: number): Sample[] {
    return block.spans.map(({ key, address, start }) => ({
      point: key,
      timeMs,
      timeSource: 'gateway',
      ...measured(decode(address, bytes, start - block.start)),
    }))
  }

  #pointsOf(unit: number): Point<ModbusAddress>[] {
    return this.#points.filter(({ address }) => address.unit === unit)
  }

  /** Rounds keep their beat; beats missed while the line was busy are skipped, not made up for. */
  #setDue(round: Round): void {
    const nowMs = this.#context.clock.monotonicMs()
    const beats = Math.floor((nowMs - round.dueMs) / round.intervalMs) + 1
    round.dueMs += Math.max(1, beats) * round.intervalMs
  }

  #judge(units: ReadonlyMap<number, Unit>): void {
    const silent = [...units].filter(([, unit]) => unit.isSilent).map(([id]) => id)
    if (silent.length === units.size)
      throw new DriverError('silent', `no answer from unit ${silent.join(', ')}: check unit id and wiring`)
    this.#context.report(silent.length === 0 ? undefined : `unit ${silent.join(', ')} does not answer`)
  }
}

/** That a point has no value, and why, is told once and not at each poll. `told` holds the last bad quality told. */
function isOldNews({ point, quality }: Sample, told: Map<string, Quality>): boolean {
  if (quality < Quality.bad) {
    told.delete(point)
    return false
  }
  if (told.get(point) === quality) return true
  told.set(point, quality)
  return false
}

function roundsOf(points: readonly Point<ModbusAddress>[], maxGap: number): Round[] {
  const groups = new Map<string, { unit: number; intervalMs: number; spans: MappedSpan[] }>()
  for (const { key, address, intervalMs } of points) {
    const { unit, table, register } = address
    const name = `${unit} ${intervalMs}`
    const group = groups.get(name) ?? { unit, intervalMs, spans: [] }
    group.spans.push({ unit, table, start: register, count: widthOf(address), key, address })
    groups.set(name, group)
  }
  return [...groups.values()].map(({ unit, intervalMs, spans }) => ({
    unit,
    intervalMs,
    blocks: plan(spans, maxGap),
    dueMs: 0,
  }))
}

/** Illegal address or value: also what a device says of a request that runs over a hole in its map. */
function isRange(code: number): boolean {
  return code === 2 || code === 3
}

/** What a TCP gateway says of a unit behind it that does not answer. */
function isUnreachable(code: number): boolean {
  return code === 10 || code === 11
}

/** Quality of a point whose request was answered with an exception (V1.1b3, 7). */
function qualityOf(code: number): Quality {
  if (code >= 1 && code <= 3) return Quality.badConfiguration
  return code === 4 || code === 8 ? Quality.badDeviceFailure : Quality.badNoCommunication
}
