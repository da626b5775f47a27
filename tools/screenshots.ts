import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launchBrowser } from '@farwatch/e2e/browser'

/**
 * Takes the console's page in both languages, both themes, on a desk and on a phone:
 * `npm run screenshots -- http://127.0.0.1:8080 [--out FOLDER] [--path /alerts] [--settle 3000]`.
 * Prints the files' names, and fails when a page logged an error.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'docs/screenshots' },
    path: { type: 'string', default: '/' },
    /** How long the map may settle, in ms. */
    settle: { type: 'string', default: '3000' },
  },
})
const [base = 'http://127.0.0.1:8080'] = positionals
const settleMs = Number(values.settle)

const languages = { zh: 'zh-CN', en: 'en-GB' } as const
const themes = ['light', 'dark'] as const
const sizes = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const

const page = values.path.replaceAll(/[^\w-]+/g, '-').replaceAll(/^-|-$/g, '') || 'home'
await mkdir(values.out, { recursive: true })
const browser = await launchBrowser()
const problems: string[] = []
try {
  for (const [language, locale] of Object.entries(languages)) {
    for (const theme of themes) {
      for (const [size, viewport] of Object.entries(sizes)) {
        const isPhone = size === 'phone'
        const context = await browser.newContext({
          viewport,
          locale,
          colorScheme: theme,
          timezoneId: 'Asia/Shanghai',
          deviceScaleFactor: isPhone ? 2 : 1,
          isMobile: isPhone,
          hasTouch: isPhone,
          reducedMotion: 'reduce',
        })
        const name = `${page}-${size}-${language}-${theme}.png`
        const tab = await context.newPage()
        tab.on('pageerror', (error) => problems.push(`${name}: ${error.message}`))
        tab.on('console', (message) => {
          if (message.type() === 'error') problems.push(`${name}: ${message.text()}`)
        })
        // The socket never falls silent, so the page is taken when it has loaded and the map has had its time.
        await tab.goto(new URL(values.path, base).href, { waitUntil: 'load', timeout: 60_000 })
        await tab.waitForTimeout(settleMs)
        await tab.screenshot({ path: join(values.out, name) })
        console.log(join(values.out, name))
        await context.close()
      }
    }
  }
} finally {
  await browser.close()
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0
