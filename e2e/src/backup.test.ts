import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testEngines } from '@farwatch/runtime/testing'
import mqtt from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endCommand, type RunningPlatform, startCommand, startUp } from './command.ts'

/** Backup and restore as people do them: the platform and the commands are processes of their own. */

async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const command = startCommand(args, environment)
  const { code } = await command.ended
  return { code, stdout: command.stdout(), stderr: command.stderr() }
}

/** A tar of one file with this name; everything else about it is right. */
function tarOf(name: string): Buffer {
  const block = Buffer.alloc(512)
  block.write(name, 0)
  block.write('0000600\x000000000\x000000000\x0000000000003\x0000000000000\0        0', 100, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([block, Buffer.from('abc'), Buffer.alloc(509 + 1024)])
}

for (const engine of testEngines) {
  describe.skipIf(engine.missing)(
    `W5 a backup with the ${engine.name} database ${engine.missing ?? ''}`,
    () => {
      let folder: string
      let platform: RunningPlatform
      let environment: NodeJS.ProcessEnv = {}
      const databases: { drop(): Promise<void> }[] = []
      const at = (name: string) => join(folder, name)

      const newDatabase = async (): Promise<NodeJS.ProcessEnv> => {
        if (engine.name === 'embedded') return {}
        const created = await engine.create()
        databases.push(created)
        return 'url' in created.location ? { DATABASE_URL: created.location.url } : {}
      }

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'farwatch-backup-'))
        environment = await newDatabase()
        await mkdir(at('config'))
        await writeFile(join(at('config'), 'registry.yaml'), 'sites: []\n')
        platform = await startUp(
          ['--home', at('home'), '--config', at('config'), '--no-sim', '--http', '0', '--mqtt', '0'],
          environment,
        )
        const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${platform.mqttPort}`)
        for (let i = 0; i < 50; i++)
          await client.publishAsync('telemetry/S/d', JSON.stringify({ level: i }), { qos: 1 })
        await client.endAsync()
        for (let i = 0; i < 3; i++) {
          const headers = { 'content-type': 'application/json', origin: platform.url }
          const path = `${platform.url}/api/acts/verification`
          expect((await fetch(path, { method: 'POST', headers, body: '{}' })).status).toBe(200)
        }
        const made = await run(['backup', '--home', at('home'), '--to', at('b.tar')])
        expect(made).toMatchObject({ code: 0 })
        await endCommand(platform)
      }, 120_000)

      afterAll(async () => {
        await endCommand(platform)
        for (const { drop } of databases) await drop()
        await rm(folder, { recursive: true, force: true })
      })

      test('W5 made while the platform runs, restored into an empty place, verified, and started', async () => {
        const fresh = await newDatabase()
        const restored = await run(['restore', at('b.tar'), '--home', at('new')], fresh)
        expect(restored).toMatchObject({ code: 0 })
        const verified = await run(['verify', '--home', at('new')], fresh)
        expect(verified.stdout).toContain('The log of acts is whole up to act 3')
        expect(verified.stdout).toContain('Compared 50 readings')
        expect(verified).toMatchObject({ code: 0, stderr: '' })

        const again = await run(['restore', at('b.tar'), '--home', at('new')], fresh)
        expect(again.code).toBe(1)
        expect(again.stderr).toContain('expected an empty folder')

        const up = await startUp(
          ['--home', at('new'), '--config', at('config'), '--no-sim', '--http', '0', '--mqtt', '0'],
          fresh,
        )
        try {
          const newest = async () =>
            ((await (await fetch(`${up.url}/api/acts`)).json()) as { acts: { seq: number }[] }).acts?.[0]?.seq
          await expect.poll(newest, { timeout: 20_000 }).toBe(3)
          const health = (await (await fetch(`${up.url}/api/health`)).json()) as { status: string }
          expect(health.status).toBe('ok')
        } finally {
          await endCommand(up)
        }
      }, 120_000)

      test('W5 one bit flipped in the backup is named when it is restored, and what it changed by verify', async () => {
        const bytes = await readFile(at('b.tar'))
        const target = bytes.indexOf('"action":"acts.verify"')
        expect(target).toBeGreaterThan(0)
        bytes[target + 11]! ^= 2
        await writeFile(at('flipped.tar'), bytes)
        const fresh = await newDatabase()
        const restored = await run(['restore', at('flipped.tar'), '--home', at('flipped')], fresh)
        expect(restored.code).toBe(1)
        expect(restored.stderr).toMatch(/acts\/0{15}1\.log is not what was backed up/)
        const verified = await run(['verify', '--home', at('flipped')], fresh)
        expect(verified.code).toBe(1)
        expect(verified.stdout).toContain('act 1')
      }, 120_000)

      test('W6 a path that leads out of the folder is refused before anything is written', async () => {
        for (const name of ['../evil', 'acts/../../evil', '/evil', 'a//b', '.ssh/keys', 'a\\..\\b']) {
          await writeFile(at('evil.tar'), tarOf(name))
          const restored = await run(['restore', at('evil.tar'), '--home', at('target')])
          expect([name, restored.code]).toEqual([name, 1])
          expect(restored.stderr).toContain('would lead out of the data folder')
          expect(existsSync(at('target'))).toBe(false)
        }
        expect((await readdir(folder)).filter((name) => name.includes('evil'))).toEqual(['evil.tar'])
        await writeFile(at('evil.tar'), 'nothing of the kind')
        expect((await run(['restore', at('evil.tar'), '--home', at('target')])).stderr).toContain(
          'no backup of Farwatch',
        )
      }, 60_000)
    },
  )
}
