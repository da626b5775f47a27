/** How many connections may be held, and by whom. */
export interface ConnectionBounds {
  /** Connections whose owner has said who he is and was let in. */
  readonly admitted: number
  /** Of these, so many without credentials: the rest is kept for enrolled gateways and devices. */
  readonly anonymous: number
  /** Of these, so many with one user name: loggers of one site may share it, but it must not keep a city out. */
  readonly perUser: number
  /** Connections that have not said who they are, besides those. */
  readonly strangers: number
  readonly strangersPerAddress: number
}

/** The reboot of a city's gateways behind one address fits; what strangers hold costs some 60 MB at worst. */
export const connectionBounds: ConnectionBounds = {
  admitted: 5_000,
  anonymous: 3_000,
  perUser: 100,
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
  /** With its user; undefined: without credentials. */
  readonly #admitted = new Map<Connection, string | undefined>()
  /** Connections of each user. */
  readonly #perUser = new Map<string | undefined, number>()

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds
  }

  get count(): number {
    return this.#strangers.size + this.#admitted.size
  }

  get all(): readonly Connection[] {
    return [...this.#strangers.keys(), ...this.#admitted.keys()]
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

  /** A stranger has said who he is (undefined: without credentials). Returns why he is not let in, if he is not: he stays a stranger. */
  admit(connection: Connection, user: string | undefined): string | undefined {
    const { admitted, anonymous, perUser } = this.#bounds
    if (!this.#strangers.has(connection)) return 'sent away meanwhile'
    if (this.#admitted.size >= admitted) return `${admitted} connections are held already`
    const most = user === undefined ? anonymous : perUser
    const count = this.#perUser.get(user) ?? 0
    if (count >= most)
      return `${most} connections ${user === undefined ? 'without credentials' : `of ${user}`} are held already`
    this.leave(connection)
    this.#admitted.set(connection, user)
    this.#perUser.set(user, count + 1)
    return undefined
  }

  leave(connection: Connection): void {
    const address = this.#strangers.get(connection)
    this.#strangers.delete(connection)
    const user = this.#admitted.get(connection)
    if (this.#admitted.delete(connection)) {
      const count = this.#perUser.get(user)! - 1
      if (count > 0) this.#perUser.set(user, count)
      else this.#perUser.delete(user)
    }
    if (address === undefined) return
    const neighbours = this.#perAddress.get(address)
    neighbours?.delete(connection)
    if (neighbours?.size === 0) this.#perAddress.delete(address)
  }
}
