import { join } from 'node:path'
import { endOnSignal } from './end.ts'
import { makeHome } from './home.ts'
import type { UpOptions } from './options.ts'
import { startPlatform } from './platform.ts'
import { createProgress, createTerminalLog } from './terminal.ts'

/** `npm start`: the whole platform in one process, until Ctrl-C. */
export async function up(options: UpOptions): Promise<void> {
  const progress = createProgress()
  await makeHome(options.home)
  const log = await createTerminalLog(join(options.home, 'log', 'farwatch.log'))
  const platform = await startPlatform(options, { log, progress: (text) => progress.step(text) })
  progress.done(`Farwatch is ready: ${platform.url}`)
  process.stdout.write(`Gateways and devices connect to mqtt://${options.mqttHost}:${platform.mqttPort}\n`)
  if (platform.firstPassword !== undefined) {
    process.stdout.write(
      `Account admin, one-time password ${platform.firstPassword} (shown once; "farwatch accounts reset admin" makes another).\n` +
        'Until somebody has logged in, the console is open to everybody on this machine.\n',
    )
  }
  await endOnSignal(platform, log)
}
