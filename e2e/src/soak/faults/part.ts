import { appendFileSync } from 'node:fs'
import type { Command } from '../../command.ts'

const againAfterMs = 1_000
const keptCharacters = 4_000

/** A process under a supervisor such as systemd: it is started again whenever it ends, unless it is held down. */
export class Part {
  readonly name: string
  readonly #launch: () => Command
  readonly #logFile: string
  #command: Command | undefined
  #held = 0
  #stopped = false
  #timer: NodeJS.Timeout | undefined
  #gone: Promise<unknown> = Promise.resolve()
  /** Ends that nobody ordered, each with the last that was printed. */
  readonly deaths: string[] = []

  constructor(name: string, launch: () => Command, logFile: string) {
    this.name = name
    this.#launch = launch
    this.#logFile = logFile
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#command?.pid
  }

  /** What the present life has printed. */
  get printed(): string {
    return this.#command?.stdout() ?? ''
  }

  start(): void {
    if (this.#held > 0 || this.#stopped || this.#command !== undefined) return
    const command = this.#launch()
    this.#command = command
    const ended = command.ended.then(
      ({ code, signal }) => `${signal ?? code}`,
      (error: unknown) => String(error),
    )
    this.#gone = ended.then((how) => this.#ended(command, how))
  }

  /** Sends the signal and keeps it from coming again until `release`; resolves once it is gone. */
  async hold(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#held++
    clearTimeout(this.#timer)
    this.#command?.kill(signal)
    await this.#gone
  }

  release(): void {
    this.#held--
    this.start()
  }

  /** Stopped in mid-step (SIGSTOP) until `thaw`. */
  freeze(): void {
    this.#command?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#command?.kill('SIGCONT')
  }

  /** Ends it for good, hard after ten seconds. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    const command = this.#command
    command?.kill('SIGCONT')
    command?.kill('SIGTERM')
    const hard = setTimeout(() => command?.kill('SIGKILL'), 10_000)
    await this.#gone
    clearTimeout(hard)
  }

  #ended(command: Command, how: string): void {
    this.#command = undefined
    const said = `${command.stdout()}${command.stderr()}`
    appendFileSync(this.#logFile, `--- ended with ${how}\n${said}\n`)
    if (this.#held > 0 || this.#stopped) return
    this.deaths.push(`${new Date().toISOString()} ended with ${how}: ${said.slice(-keptCharacters)}`)
    this.#timer = setTimeout(() => this.start(), againAfterMs)
  }
}
