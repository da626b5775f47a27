import { join } from 'node:path'
import { Credentials } from '@farwatch/ingest'
import { FarwatchError, Name } from '@farwatch/model'
import { recordCommand } from './command-act.ts'
import type { EnrolOptions } from './options.ts'

export const credentialsFile = (home: string) => join(home, 'credentials.json')

/** Prints the one password that lets a gateway or device in; a running centre notices by itself. */
export async function enrol({ home, name, site }: EnrolOptions): Promise<void> {
  for (const one of [name, ...(site === undefined ? [] : [site])]) {
    const problem = Name.safeParse(one).error?.issues[0]?.message
    if (problem !== undefined) throw new FarwatchError('bad-usage', `"${one}" cannot be a name: ${problem}`)
  }
  const credentials = await Credentials.open(credentialsFile(home))
  const password =
    site === undefined ? await credentials.enrolGateway(name) : await credentials.enrolDevice(name, site)
  const object = { kind: site === undefined ? 'gateway' : 'device', id: name }
  await recordCommand(home, { action: 'credential.enrol', object, after: site === undefined ? {} : { site } })
  const use =
    site === undefined
      ? `FARWATCH_GATEWAY_PASSWORD=${password}`
      : `user name ${name}, password ${password}, topic telemetry/${site}/DEVICE`
  process.stdout.write(`${use}\n`)
  process.stderr.write('Shown once; enrol again for a new one.\n')
}
