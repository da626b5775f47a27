import {
  type AcknowledgeOutcome,
  type Alert,
  type AlertDesk,
  isOpen,
  messageOf,
  type Transition,
} from '@farwatch/model'
import { backoffMs, type Clock, type Journal, type Logger } from '@farwatch/runtime'
import { Subject } from 'rxjs'
import { type Cause, type Entry, encodeEntries, entriesPerRecord, type TransitionEntry } from './entry.ts'
import type { LateEvent } from './late-life.ts'
import { type AlertEvent, advance } from './life.ts'
import { type AlertHead, alertId, withTransition } from './step.ts'

/** How long a closed alert is still shown. */
const shownAfterMs = 3_600_000
const retry = { firstMs: 200, mostMs: 10_000 }

export interface BookDeps {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  /** Position of the centre's record that is processed next. */
  readonly before: () => number
}

/**
 * Every open alert, at most one for a rule and a subject. Changes are made in memory at once, journalled in order, and
 * shown only once they are on disk. While the journal refuses, they wait here and are tried again; the engine does not go
 * on reading meanwhile, so that what waits is bounded by one batch.
 */
export class AlertBook implements AlertDesk {
  readonly #deps: BookDeps
  readonly #alerts = new Map<string, Alert>()
  readonly #openBySubject = new Map<string, string>()
  readonly #shown = new Map<string, Alert>()
  readonly #queue: { entry: Entry; alert?: Alert }[] = []
  readonly #changes$ = new Subject<Alert>()
  readonly #stop = new AbortController()
  #writing: Promise<void> | undefined
  #nextPosition = 1
  /** Why the journal does not take anything, undefined while it does. */
  problem: string | undefined

  constructor(deps: BookDeps) {
    this.#deps = deps
  }

  /** What was known at a checkpoint. */
  restore(alerts: readonly Alert[]): void {
    for (const alert of alerts) this.#put(alert)
  }

  /** Takes over an entry that is in the journal already. */
  apply(entry: TransitionEntry): void {
    const known = this.#alerts.get(entry.alert.id)
    if (known !== undefined && entry.transition.n <= known.transitions.at(-1)!.n) return
    this.#put(withTransition({ ...entry.alert, transitions: known?.transitions ?? [] }, entry.transition))
  }

  /** All that the journal holds has been taken over: the next entry goes to `nextPosition`. */
  begin(nextPosition: number): void {
    this.#nextPosition = nextPosition
  }

  /** Shows what has been rebuilt. */
  show(): void {
    for (const alert of this.#alerts.values()) this.#shown.set(alert.id, alert)
    this.#prune()
  }

  openOf(rule: string, subject: string): Alert | undefined {
    const id = this.#openBySubject.get(subjectKey(rule, subject))
    return id === undefined ? undefined : this.#alerts.get(id)
  }

  /** Open alerts as the engine sees them: the newest may not be on disk yet. */
  *open(): Generator<Alert> {
    for (const id of this.#openBySubject.values()) yield this.#alerts.get(id)!
  }

  /**
   * What a condition said, and which of its outputs that was; null: said on its behalf. Returns the alert that it went to,
   * as it is then.
   */
  onCondition(of: Pick<AlertHead, 'rule' | 'subject'>, event: AlertEvent, cause: Cause): Alert | undefined {
    const open = this.openOf(of.rule, of.subject)
    return this.#advance(open ?? this.#sameCause(event), event, cause)
  }

  /** What late readings have changed about an alert. Returns undefined where it cannot be changed any more. */
  amend(id: string, event: LateEvent & { kind: 'amend' | 'withdraw' }, cause: Cause): Alert | undefined {
    const alert = this.#alerts.get(id)
    if (alert === undefined) return undefined
    const reopens = !isOpen(alert) && event.kind === 'amend' && event.returnedMs === null
    if (reopens && this.openOf(alert.rule, alert.subject) !== undefined) return undefined
    return this.#advance(alert, event, cause)
  }

  alertOf(id: string): Alert | undefined {
    return this.#alerts.get(id)
  }

  /** Whether an alert that is known here, open or closed, was raised by something of this time. */
  tellsOf({ rule, subject }: Pick<AlertHead, 'rule' | 'subject'>, fromMs: number, toMs: number): boolean {
    for (const alert of this.#alerts.values()) {
      if (alert.rule !== rule || alert.subject !== subject) continue
      const isIn = ({ kind, atMs }: Transition) => kind.startsWith('raised') && atMs >= fromMs && atMs <= toMs
      if (alert.transitions.some(isIn)) return true
    }
    return false
  }

  /**
   * Journals a tick or a start. `at`: its place in the queue, before everything that came of it. `before`: the record that
   * it comes before, if not the next.
   */
  note(kind: 'tick' | 'resume', atMs: number, where: { at?: number; before?: number } = {}): void {
    const { at = this.#queue.length, before = this.#deps.before() } = where
    this.#queue.splice(at, 0, { entry: { kind, before, atMs } })
    this.#write()
  }

  /** Place in the queue for `note`; valid until the next await. */
  get mark(): number {
    return this.#queue.length
  }

  current(): readonly Alert[] {
    this.#prune()
    return [...this.#shown.values()]
  }

  subscribe(listener: (alert: Alert) => void): () => void {
    const subscription = this.#changes$.subscribe((alert) => {
      try {
        listener(alert)
      } catch (error) {
        this.#deps.log.error({ problem: messageOf(error) }, 'a listener to alerts failed')
      }
    })
    return () => subscription.unsubscribe()
  }

  async acknowledge(id: string, act: { by: string; comment?: string }): Promise<AcknowledgeOutcome> {
    const alert = this.#alerts.get(id)
    if (alert === undefined) return { outcome: 'unknown' }
    const event = { kind: 'acknowledge' as const, atMs: this.#deps.clock.now(), by: act.by.slice(0, 100) }
    const after = this.#advance(alert, { ...event, comment: act.comment?.slice(0, 2_000) ?? null }, null)
    await this.flushed()
    return { outcome: after === alert ? 'already' : 'done', alert: after! }
  }

  /** Resolves when everything said so far is on disk. Rejects when the book is closed before that. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
    if (this.#queue.length > 0) throw this.#stop.signal.reason
  }

  /** Position in the alert journal after the last entry in it; with `alerts`, what a checkpoint keeps. */
  get nextPosition(): number {
    return this.#nextPosition
  }

  /** Only meaningful when nothing waits. Undefined otherwise. */
  snapshot(): Alert[] | undefined {
    this.#prune()
    return this.#queue.length === 0 ? [...this.#alerts.values()] : undefined
  }

  /** Gives up waiting for a journal that refuses. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the alert book is closed'))
    await this.#writing
    this.#changes$.complete()
  }

  #advance(alert: Alert | undefined, event: AlertEvent, cause: Cause): Alert | undefined {
    const after = advance(alert, event, this.#deps.clock.now())
    if (after === undefined || after === alert) return after
    this.#put(after)
    const { transitions, ...rest } = after
    this.#queue.push({
      entry: {
        kind: 'transition',
        before: this.#deps.before(),
        cause,
        alert: rest,
        transition: transitions.at(-1)!,
      },
      alert: after,
    })
    this.#write()
    return after
  }

  /** An alert that is over and that this very cause had raised, were it to set again. */
  #sameCause(event: AlertEvent): Alert | undefined {
    if (event.kind !== 'set' && event.kind !== 'find') return undefined
    return this.#alerts.get(alertId(event.head, event.kind === 'set' ? event.atMs : event.setMs))
  }

  #put(alert: Alert): void {
    this.#alerts.set(alert.id, alert)
    const key = subjectKey(alert.rule, alert.subject)
    if (isOpen(alert)) this.#openBySubject.set(key, alert.id)
    else if (this.#openBySubject.get(key) === alert.id) this.#openBySubject.delete(key)
  }

  #write(): void {
    this.#writing ??= this.#drain()
  }

  async #drain(): Promise<void> {
    // What the rest of this turn adds goes into the same record.
    await Promise.resolve()
    const { journal, clock, log } = this.#deps
    let delays = backoffMs(retry.firstMs, retry.mostMs)
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) {
      const group = this.#queue.slice(0, entriesPerRecord)
      try {
        this.#nextPosition = (await journal.append(encodeEntries(group.map(({ entry }) => entry)))) + 1
      } catch (error) {
        if (this.problem === undefined) {
          log.error(
            { problem: messageOf(error), waiting: this.#queue.length },
            'alerts cannot be journalled; trying again',
          )
        }
        this.problem = messageOf(error)
        await clock.sleep(delays.next().value, this.#stop.signal).catch(() => undefined)
        continue
      }
      if (this.problem !== undefined) log.info('alerts are journalled again')
      this.problem = undefined
      delays = backoffMs(retry.firstMs, retry.mostMs)
      this.#queue.splice(0, group.length)
      for (const { alert } of group) {
        if (alert === undefined) continue
        this.#shown.set(alert.id, alert)
        this.#changes$.next(alert)
      }
    }
    // In the same turn as the check above, or an entry in between would wait for ever.
    this.#writing = undefined
  }

  /** Forgets what has been closed for an hour. */
  #prune(): void {
    const before = this.#deps.clock.now() - shownAfterMs
    const old = (alert: Alert) => !isOpen(alert) && alert.transitions.at(-1)!.recordedMs < before
    for (const alerts of [this.#alerts, this.#shown]) {
      for (const [id, alert] of alerts) if (old(alert)) alerts.delete(id)
    }
  }
}

function subjectKey(rule: string, subject: string): string {
  return `${rule}\n${subject}`
}
