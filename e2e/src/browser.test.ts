import { foreignPeer } from '@farwatch/runtime/testing'
import { expect, test } from 'vitest'
import { findBrowser, launchBrowser } from './browser.ts'

test('F1 a headless browser with WebGL starts on this machine', async (context) => {
  const { version } = await findBrowser()
  foreignPeer(context, { name: 'Chromium', version })
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    await page.setContent('<canvas></canvas>')
    expect(await page.evaluate('document.querySelector("canvas").getContext("webgl2") !== null')).toBe(true)
  } finally {
    await browser.close()
  }
})
