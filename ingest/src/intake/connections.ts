/** How many connections may be held, and by whom. */
export interface ConnectionBounds {
  /** Connections whose owner has said who he is and was let in. */
  readonly admitted: number
  /** Of these, so many without credentials: the rest is kept for enrolled gateways and devices. */
  readonly anonymous: number
  /** Connections that have not said who they are, besides those. */
  readonly strangers: number
  readonly strangersPerAddress: number
}

/** The reboot of a city's gateways behind one address fits; what strangers hold costs some 60 MB at worst. */
export const connectionBounds: ConnectionBounds = {
  admitted: 5_000,
  anonymous: 3_000,
  strangers: 2_000,
  strangersPerAddress: 1_000,
}

/**
 * Who holds the listener's connections. A stranger always gets in, at the cost of whoever has been silent longest: of his
 * own address first, so that connections which say nothing keep nobody out who does.
 */
export class Connections<Connection> {
  readonly #bounds: ConnectionBounds
  /** Oldest first, as the sets below. */
  readonly #strangers = new Map<Connection, string>()
  readonly #perAddress = new Map<string, Set<Connection>>()
  readonly #admitted = new Set<Connection>()
  readonly #anonymous = new Set<Connection>()

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds
  }

  get count(): number {
    return this.#strangers.size + this.#admitted.size
  }

  get all(): readonly Connection[] {
    return [...this.#strangers.keys(), ...this.#admitted]
  }

  /** Someone connects; returns the stranger who must go for him, if any. */
  enter(connection: Connection, address: string): Connection | undefined {
    const neighbours = this.#perAddress.get(address) ?? new Set()
    const crowd =
      neighbours.size >= this.#bounds.strangersPerAddress
        ? neighbours
        : this.#strangers.size >= this.#bounds.strangers
          ? this.#strangers
          : undefined
    const oldest: Connection | undefined = crowd?.keys().next().value
    if (oldest !== undefined) this.leave(oldest)
    this.#strangers.set(connection, address)
    this.#perAddress.set(address, neighbours.add(connection))
    return oldest
  }

  /** A stranger has said who he is. False where no more of his kind are let in: he stays a stranger. */
  admit(connection: Connection, isAnonymous: boolean): boolean {
    const { admitted, anonymous } = this.#bounds
    if (!this.#strangers.has(connection) || this.#admitted.size >= admitted) return false
    if (isAnonymous && this.#anonymous.size >= anonymous) return false
    this.leave(connection)
    this.#admitted.add(connection)
    if (isAnonymous) this.#anonymous.add(connection)
    return true
  }

  leave(connection: Connection): void {
    const address = this.#strangers.get(connection)
    this.#strangers.delete(connection)
    this.#admitted.delete(connection)
    this.#anonymous.delete(connection)
    if (address === undefined) return
    const neighbours = this.#perAddress.get(address)
    neighbours?.delete(connection)
    if (neighbours?.size === 0) this.#perAddress.delete(address)
  }
}
