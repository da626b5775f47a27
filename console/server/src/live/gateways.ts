import { Delivery, GatewayStatus, type GatewayView, utf8 } from '@farwatch/model'
import type { ConsoleMetrics } from '../metrics.ts'

interface GatewaysParts {
  /** Gateways that sites name; shown offline until they are heard. */
  readonly expected: readonly string[]
  readonly startMs: number
  /** How many are kept at most beyond the expected ones. */
  readonly bound: number
  readonly metrics: ConsoleMetrics
}

/** The newest status of every gateway. `sinceMs` is when the centre heard it come or go, not when it last spoke. */
export class Gateways {
  readonly #views = new Map<string, GatewayView>()
  readonly #heardMs = new Map<string, number>()
  readonly #toldMs = new Map<string, number>()
  readonly #changed = new Set<string>()
  readonly #expected = new Set<string>()
  readonly #bound: number
  readonly #metrics: ConsoleMetrics

  constructor({ expected, startMs, bound, metrics }: GatewaysParts) {
    this.#metrics = metrics
    this.#bound = bound
    this.expect(expected, startMs)
    this.#changed.clear()
  }

  /** Sites name these gateways from now on. */
  expect(ids: readonly string[], nowMs: number): void {
    for (const id of ids) {
      this.#expected.add(id)
      if (this.#views.has(id)) continue
      this.#views.set(id, { id, online: false, sinceMs: nowMs, status: null, delivery: null })
      this.#changed.add(id)
    }
  }

  /** One retained status message, the last will included. @throws when it is not a status. */
  apply(id: string, bytes: Uint8Array, receivedMs: number): void {
    this.set(id, JSON.parse(utf8(bytes)), receivedMs)
  }

  /** A status from wherever it was kept; an older one is ignored. @throws when it is not a status. */
  set(id: string, message: unknown, receivedMs: number): void {
    const status = GatewayStatus.parse(message)
    const heardMs = this.#heardMs.get(id)
    if (heardMs !== undefined && heardMs > receivedMs) return
    const known = this.#views.get(id)
    if (known === undefined && !this.#hasRoom()) return
    const same = heardMs !== undefined && known?.online === status.online
    const sinceMs = same ? known.sinceMs : receivedMs
    this.#views.set(id, { id, online: status.online, sinceMs, status, delivery: known?.delivery ?? null })
    this.#heardMs.set(id, receivedMs)
    this.#changed.add(id)
  }

  /** How a gateway's batches come in, from wherever it was kept; an older account is ignored. @throws when it is none. */
  setDelivery(id: string, message: unknown, toldMs: number): void {
    const delivery = Delivery.parse(message)
    const before = this.#toldMs.get(id)
    if (before !== undefined && before > toldMs) return
    const known = this.#views.get(id)
    if (known === undefined && !this.#hasRoom()) return
    this.#views.set(id, { ...(known ?? { id, online: false, sinceMs: toldMs, status: null }), delivery })
    this.#toldMs.set(id, toldMs)
    this.#changed.add(id)
  }

  #hasRoom(): boolean {
    if (this.#views.size < this.#expected.size + this.#bound) return true
    this.#metrics.leftOut.inc({ what: 'gateway' })
    return false
  }

  views(): GatewayView[] {
    return [...this.#views.values()]
  }

  takeChanges(): GatewayView[] {
    const changed = Array.from(this.#changed, (id) => this.#views.get(id)!)
    this.#changed.clear()
    return changed
  }
}
