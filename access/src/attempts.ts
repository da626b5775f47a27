import type { Clock } from '@farwatch/runtime'

interface Failures {
  count: number
  /** Monotonic time before which no further attempt is looked at. */
  untilMs: number
  /** The same, before the newest attempt. */
  beforeMs: number
}

export interface Attempt {
  /** The account's earlier mistakes are forgiven; the address may be trying other accounts. */
  succeeded(): void
  /** It was neither right nor wrong. */
  withdrawn(): void
}

/** So many mistakes are anybody's; from then on the waiting time doubles. */
const free = { account: 5, address: 20 }
const firstMs = 1_000
const longestMs = 15 * 60_000
/** Accounts or addresses that are remembered; the oldest is forgotten first. */
const remembered = 10_000

/**
 * The growing delay after failed attempts, per account and per address, whether or not the account exists. In memory:
 * who can restart the platform needs no password.
 */
export class Attempts {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #accounts = new Map<string, Failures>()
  readonly #addresses = new Map<string, Failures>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** Milliseconds until an attempt is looked at; 0: now. */
  waitMs(account: string, address: string): number {
    const until = Math.max(
      this.#accounts.get(account)?.untilMs ?? 0,
      this.#addresses.get(networkOf(address))?.untilMs ?? 0,
    )
    return Math.max(0, Math.ceil(until - this.#clock.monotonicMs()))
  }

  /** Counts an attempt as failed before it is looked at, so that many at once gain nothing. */
  begin(account: string, address: string): Attempt {
    const network = networkOf(address)
    this.#count(this.#accounts, account, free.account)
    this.#count(this.#addresses, network, free.address)
    return {
      succeeded: () => {
        this.#accounts.delete(account)
        uncount(this.#addresses, network)
      },
      withdrawn: () => {
        uncount(this.#accounts, account)
        uncount(this.#addresses, network)
      },
    }
  }

  /** An administrator lets the account try again at once. */
  forget(account: string): void {
    this.#accounts.delete(account)
  }

  #count(failures: Map<string, Failures>, key: string, allowed: number): void {
    const before = failures.get(key)
    const count = (before?.count ?? 0) + 1
    const delayMs = count < allowed ? 0 : Math.min(longestMs, firstMs * 2 ** Math.min(count - allowed, 30))
    failures.delete(key)
    failures.set(key, {
      count,
      untilMs: this.#clock.monotonicMs() + delayMs,
      beforeMs: before?.untilMs ?? 0,
    })
    if (failures.size > remembered) failures.delete(failures.keys().next().value!)
  }
}

function uncount(failures: Map<string, Failures>, key: string): void {
  const found = failures.get(key)
  if (found === undefined) return
  found.count -= 1
  found.untilMs = found.beforeMs
}

/** One customer of IPv6 has a network of 64 bits for himself. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const full =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return full.slice(0, 4).join(':')
}
