import { expect, test } from 'vitest'
import { Lifecycle, startService } from './lifecycle.ts'
import { silentLog } from './log.ts'

test('clean-ups run once, last first; one that fails or never ends does not stop the others', async () => {
  const life = new Lifecycle(silentLog)
  const ran: string[] = []
  life.onStop('first', () => ran.push('first'))
  life.onStop('endless', () => new Promise(() => ran.push('endless')), 10)
  life.onStop('failing', () => {
    ran.push('failing')
    throw new Error('no')
  })
  life.onStop('last', async () => {
    await Promise.resolve()
    ran.push('last')
  })
  await Promise.all([life.stop(), life.stop()])
  await life.stop()
  expect(ran).toEqual(['last', 'failing', 'endless', 'first'])
})

test('a service that cannot start closes what it had opened, then says why', async () => {
  const closed: string[] = []
  const starting = startService(silentLog, async (life) => {
    life.onStop('journal', () => closed.push('journal'))
    life.onStop('listener', () => closed.push('listener'))
    throw new Error('port in use')
  })
  await expect(starting).rejects.toThrow('port in use')
  expect(closed).toEqual(['listener', 'journal'])
})
