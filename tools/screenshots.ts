import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launchBrowser } from '@farwatch/e2e/browser'
import { endCommand, type RunningPlatform, startUp } from '@farwatch/e2e/command'

/**
 * Takes the console's pages in both languages and themes, on a desk and on a phone:
 * `npm run screenshots -- [URL] [--all FOLDER]`.
 * Without a URL it starts the platform with its simulated city. The pictures that the READMEs show go to
 * docs/screenshots, all of them to FOLDER. Fails when a page logged an error or a picture is too large.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'string', default: '.screenshots' } },
})

const locales = { zh: 'zh-CN', en: 'en-GB' } as const
const themes = ['light', 'dark'] as const
type Variant = `${keyof typeof locales}-${(typeof themes)[number]}`

interface Shot {
  readonly name: string
  readonly path: string
  readonly phone: boolean
  /** What must stand in the page before the picture is taken. */
  readonly ready: readonly string[]
  /** Taken before the incident, during it, when somebody has closed the door, or by who has logged in as administrator. */
  readonly act: 'calm' | 'alert' | 'closed' | 'office'
  /** Variants that the READMEs show. */
  readonly shown: readonly Variant[]
}

const map = '[data-testid="map"][data-ready="true"]'
const alertRow = '[data-testid="alert-row"]'
const plotted = '.trend-plot[data-status="ready"]'
const picture = '[data-testid="camera-picture"]'
const shots: readonly Shot[] = [
  { name: 'calm', path: '#/alerts', phone: false, ready: [map], act: 'calm', shown: [] },
  {
    name: 'control-room',
    path: '#/alerts',
    phone: false,
    ready: [map, alertRow, '.map-pulse'],
    act: 'alert',
    shown: ['en-dark', 'zh-dark'],
  },
  {
    name: 'site-trend',
    path: '#/alerts/E01',
    phone: false,
    ready: [map, plotted],
    act: 'alert',
    shown: ['en-light', 'zh-light'],
  },
  {
    name: 'site-camera',
    path: '#/sites/E10',
    phone: false,
    ready: [map, picture],
    act: 'alert',
    shown: ['en-dark', 'zh-dark'],
  },
  {
    name: 'phone-alert',
    path: '#/alerts',
    phone: true,
    ready: [alertRow],
    act: 'alert',
    shown: ['en-light', 'zh-light'],
  },
  { name: 'phone-site', path: '#/alerts/E01', phone: true, ready: [plotted], act: 'alert', shown: [] },
  {
    name: 'gateways',
    path: '#/gateways',
    phone: false,
    ready: [map, '[data-testid="gateway-row"]'],
    act: 'alert',
    shown: [],
  },
  {
    name: 'phone-gateways',
    path: '#/gateways',
    phone: true,
    ready: ['[data-testid="gateway-row"]'],
    act: 'alert',
    shown: [],
  },
  { name: 'phone-map', path: '#/map', phone: true, ready: [map], act: 'alert', shown: [] },
  ...both('login', '', 'closed', ['[data-testid="login-account"]']),
  ...both('registry', '#/manage/registry/limit', 'office', ['[data-testid="entity"]']),
  ...both('registry-editor', '#/manage/registry/site/E01', 'office', ['[data-testid="editor"]']),
  ...both('registry-import', '#/manage/registry/import', 'office', ['[data-testid="template"]']),
  ...both('accounts', '#/manage/accounts', 'office', ['[data-testid="account-admin"]']),
  ...both('audit', '#/manage/audit', 'office', ['[data-testid="act"]']),
  ...both('own-account', '#/account', 'office', ['[data-testid="account-page"]']),
]

function both(name: string, path: string, act: Shot['act'], ready: readonly string[]): Shot[] {
  return [false, true].map((phone) => {
    return { name: phone ? `phone-${name}` : name, path, phone, ready, act, shown: [] }
  })
}

const shownFolder = 'docs/screenshots'
const maxBytes = 300_000
const waitMs = 150_000
/** Fonts, tiles and entrances have settled by then. */
const settleMs = 1_200

await mkdir(values.all, { recursive: true })
await mkdir(shownFolder, { recursive: true })
const home = await mkdtemp(join(tmpdir(), 'farwatch-screenshots-'))
const browser = await launchBrowser()
let platform: RunningPlatform | undefined
let [base] = positionals
const problems: string[] = []
/** Of the administrator's session. */
let cookie: { name: string; value: string } | undefined

try {
  if (base === undefined) {
    platform = await startUp(['--home', home, '--http', '0', '--mqtt', '0'])
    base = platform.url
  }
  for (const act of ['calm', 'alert', 'closed', 'office'] as const) {
    if (act === 'alert') await incident()
    // Of a platform that was running already nobody knows the password here.
    if (act === 'closed' && platform === undefined) break
    if (act === 'closed') cookie = await logIn()
    for (const shot of shots.filter((one) => one.act === act))
      for (const language of ['zh', 'en'] as const)
        for (const theme of themes) await take(shot, language, theme)
  }
} finally {
  await browser.close()
  await endCommand(platform)
  await rm(home, { recursive: true, force: true })
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

async function take(
  shot: Shot,
  language: keyof typeof locales,
  theme: (typeof themes)[number],
): Promise<void> {
  const variant: Variant = `${language}-${theme}`
  const file = `${shot.name}-${variant}.png`
  const context = await browser.newContext({
    viewport: shot.phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
    locale: locales[language],
    colorScheme: theme,
    timezoneId: 'Asia/Shanghai',
    deviceScaleFactor: shot.phone ? 2 : 1,
    isMobile: shot.phone,
    hasTouch: shot.phone,
    reducedMotion: 'reduce',
  })
  if (shot.act === 'office' && cookie !== undefined)
    await context.addCookies([{ ...cookie, url: new URL(base ?? '').origin }])
  try {
    const tab = await context.newPage()
    tab.on('pageerror', (error) => problems.push(`${file}: ${error.message}`))
    tab.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${file}: ${message.text()}`)
    })
    await tab.goto(new URL(`/${shot.path}`, base).href, { waitUntil: 'load', timeout: 60_000 })
    for (const selector of shot.ready) await tab.waitForSelector(selector, { timeout: waitMs })
    if (shot.ready.includes(picture))
      await tab.waitForFunction(`document.querySelector('${picture}').naturalWidth > 0`)
    await tab.waitForTimeout(settleMs)
    const folders = shot.shown.includes(variant) ? [values.all, shownFolder] : [values.all]
    for (const folder of folders) {
      const path = join(folder, file)
      await tab.screenshot({ path })
      const { size } = await stat(path)
      console.log(`${path} ${Math.round(size / 1000)} kB`)
      if (size > maxBytes) problems.push(`${path}: ${size} bytes, expected at most ${maxBytes}`)
    }
  } finally {
    await context.close()
  }
}

/** Waits until an alert is open; the simulated city's first comes by itself. */
async function incident(): Promise<void> {
  const deadlineMs = Date.now() + waitMs
  while (Date.now() < deadlineMs) {
    const answer = await fetch(new URL('/api/alerts?state=open', base))
    if (((await answer.json()) as unknown[]).length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  throw new Error('no alert was raised')
}

/** Logs in as the administrator of the first start, which closes the platform to everybody else. */
async function logIn(): Promise<{ name: string; value: string }> {
  const [, password = ''] = /one-time password (\S+) /.exec(platform?.stdout() ?? '') ?? []
  const first = await ask('POST', '/api/session', { account: 'admin', password })
  const next = { current: password, next: 'nine lanterns over the Wo' }
  return ask('PUT', '/api/account/password', next, first)
}

/** Asks the API and returns the session that it sets. */
async function ask(method: string, path: string, body: object, session?: { name: string; value: string }) {
  const headers = new Headers({ 'content-type': 'application/json', origin: new URL(base ?? '').origin })
  if (session !== undefined) headers.set('cookie', `${session.name}=${session.value}`)
  const answer = await fetch(new URL(path, base), { method, headers, body: JSON.stringify(body) })
  const [, name, value] = /^([^=]+)=([^;]+)/.exec(answer.headers.getSetCookie()[0] ?? '') ?? []
  if (name === undefined || value === undefined) throw new Error(`${method} ${path}: ${await answer.text()}`)
  return { name, value }
}
