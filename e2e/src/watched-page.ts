import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** A page of the console with everything that it complained about or asked elsewhere. */
export interface WatchedPage {
  readonly page: Page
  /** Errors of the page itself and answers of 400 and above, but for those while a restart was `expected`. */
  readonly problems: readonly string[]
  /** Requests to any host but loopback. */
  readonly foreign: readonly string[]
  /** True once the page was loaded again. */
  reloaded(): Promise<boolean>
  /** While the server is away a page cannot but complain of refused connections. */
  serverAway(away: boolean): void
}

export const screens = {
  wide: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
} satisfies Record<string, BrowserContextOptions>

/** Opens a page in a context of its own: its own storage, language and size. */
export async function openWatchedPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
): Promise<WatchedPage> {
  const context = await browser.newContext({ timezoneId: 'Asia/Shanghai', ...options })
  const page = await context.newPage()
  const problems: string[] = []
  const foreign: string[] = []
  let away = false
  const isRefusal = (text: string) => /ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE/.test(text)
  const note = (text: string) => {
    if (!away || !isRefusal(text)) problems.push(text)
  }
  page.on('pageerror', (error) => note(`page error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') note(`console: ${message.text()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) note(`HTTP ${response.status()} ${response.url()}`)
  })
  page.on('request', (request) => {
    if (isForeign(request.url())) foreign.push(request.url())
  })
  page.on('websocket', (socket) => {
    if (isForeign(socket.url())) foreign.push(socket.url())
  })
  await page.goto(url, { waitUntil: 'load', timeout: 60_000 })
  await page.evaluate('window.loadedOnce = true')
  return {
    page,
    problems,
    foreign,
    reloaded: async () => (await page.evaluate('window.loadedOnce')) !== true,
    serverAway: (value) => {
      away = value
    },
  }
}

function isForeign(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return !['data:', 'blob:'].includes(protocol) && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
}
