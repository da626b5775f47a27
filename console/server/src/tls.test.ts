import { execFileSync } from 'node:child_process'
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { silentLog, systemClock } from '@farwatch/runtime'
import { skipWithoutPeer } from '@farwatch/runtime/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startConsole } from './testing.ts'
import { Certificate } from './tls.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farwatch-tls-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)

/** A certificate for 127.0.0.1 that signs itself. */
function make(openssl: string, name: string) {
  const files = { cert: at(`${name}.pem`), key: at(`${name}-key.pem`) }
  const about = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  execFileSync(openssl, ['req', '-x509', ...key, ...about, '-keyout', files.key, '-out', files.cert], {
    stdio: 'ignore',
  })
  return files
}

function ask(
  url: string,
  path: string,
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ rejectUnauthorized: false, keepAlive: false })
    get(`${url}${path}`, { agent }, (response) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, headers: response.headers })
    }).once('error', reject)
  })
}

function handshake(
  port: number,
  versions: { minVersion?: 'TLSv1.1'; maxVersion?: 'TLSv1.1' } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect(
      { host: '127.0.0.1', port, rejectUnauthorized: false, ...versions },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.destroy()
      },
    )
    socket.once('error', () => resolve('refused'))
  })
}

test('W5 the console speaks TLS 1.2 and newer, says so to browsers, and takes a renewed certificate without a restart', async (context) => {
  const openssl = skipWithoutPeer(context, 'openssl').path
  const first = make(openssl, 'first')
  const second = make(openssl, 'second')
  const files = { cert: at('cert.pem'), key: at('key.pem') }
  copyFileSync(first.cert, files.cert)
  copyFileSync(first.key, files.key)
  let look: () => void = () => undefined
  const clock = {
    ...systemClock,
    every(ms: number, work: () => void) {
      if (ms === 5_000) look = work
      return systemClock.every(ms, work)
    },
  }
  const console = await startConsole({ tls: files }, { clock })
  try {
    expect(console.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const port = Number(new URL(console.url).port)
    const { status, headers } = await ask(console.url, '/api/health')
    expect(status).toBe(200)
    expect(headers['strict-transport-security']).toBe('max-age=31536000')
    expect(await handshake(port)).toBe('first')
    expect(await handshake(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).toBe('refused')

    copyFileSync(second.key, files.key)
    look()
    // Half of a renewal is no pair: the old one goes on.
    expect(await handshake(port)).toBe('first')
    copyFileSync(second.cert, files.cert)
    look()
    expect(await handshake(port)).toBe('second')
    rmSync(files.cert)
    look()
    expect(await handshake(port)).toBe('second')
  } finally {
    await console.stop()
  }
})

test('W5 files that are no certificate and key are refused with their names', () => {
  const files = { cert: at('a.pem'), key: at('b.pem') }
  writeFileSync(files.cert, 'no certificate')
  writeFileSync(files.key, 'no key')
  expect(() => new Certificate(files, silentLog)).toThrow(
    /a\.pem and .*b\.pem are no certificate and its key/,
  )
})

test('W5 without TLS nobody is told to insist on it', async () => {
  const console = await startConsole()
  try {
    const response = await fetch(`${console.url}/api/health`)
    expect(response.headers.has('strict-transport-security')).toBe(false)
  } finally {
    await console.stop()
  }
})
