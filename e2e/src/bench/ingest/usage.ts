const sampleEveryMs = 50

/** What this process uses from here on: CPU time of all its threads, and the most memory it was seen to hold. */
export class Usage {
  readonly #began = process.cpuUsage()
  readonly #timer: NodeJS.Timeout
  #peakBytes = process.memoryUsage.rss()

  constructor() {
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs)
  }

  stop(): { cpuSeconds: number; peakBytes: number } {
    clearInterval(this.#timer)
    this.#sample()
    const { user, system } = process.cpuUsage(this.#began)
    return { cpuSeconds: (user + system) / 1e6, peakBytes: this.#peakBytes }
  }

  #sample(): void {
    this.#peakBytes = Math.max(this.#peakBytes, process.memoryUsage.rss())
  }
}
