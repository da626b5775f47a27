import { existsSync } from 'node:fs'
import { type KnownKey, publicKeys } from '@farwatch/evidence'
import { rotateKey } from '@farwatch/gateway/uplink'
import { Credentials } from '@farwatch/ingest'
import { FarwatchError } from '@farwatch/model'
import { silentLog, systemClock } from '@farwatch/runtime'
import { recordCommand } from './command-act.ts'
import { credentialsFile } from './enrol.ts'
import type { KeysOptions } from './keys-options.ts'

/** Lists, enrols, revokes and rotates signing keys; a running centre notices within a second. */
export async function keys(options: KeysOptions): Promise<void> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  if (options.act === 'rotate') {
    const { home, gateway } = options
    const { from, to } = await rotateKey(home, { gateway, clock: systemClock, log: silentLog })
    say(`${gateway} signs with ${to.keyId} from its next start on; ${from} vouches for it.`)
    return say(`Public key: ${to.publicKey}`)
  }
  const credentials = await knownCredentials(options.home)
  switch (options.act) {
    case 'list':
      if (options.public) return say(publicKeys(credentials.keys))
      for (const key of credentials.keys.keys) say(lineOf(key))
      return
    case 'enrol': {
      const { home, gateway, publicKey } = options
      await credentials.enrolKey(gateway, publicKey)
      const object = { kind: 'gateway', id: gateway }
      return recordCommand(home, { action: 'key.enrol', object, after: { publicKey } })
    }
    case 'revoke': {
      const { gateway, keyId, fromMs = systemClock.now(), reason } = options
      await credentials.revokeKey(gateway, { keyId, fromMs, reason })
      await recordCommand(options.home, {
        ...{ action: 'key.revoke', object: { kind: 'gateway', id: gateway }, reason },
        after: { keyId, from: new Date(fromMs).toISOString() },
      })
      return say(
        `Whatever ${keyId} signs is refused from ${new Date(fromMs).toISOString()} on. ` +
          `Give ${gateway} a new key: "farwatch keys rotate ${gateway} --home DIR" there, "farwatch keys enrol ${gateway} PUBLICKEY" here.`,
      )
    }
  }
}

function lineOf({ owner, name, keyId, how, sinceMs, retired, revoked }: KnownKey): string {
  const at = (ms: number) => new Date(ms).toISOString()
  const end =
    revoked !== undefined
      ? `revoked from ${at(revoked.fromMs)}: ${revoked.reason}`
      : retired !== undefined
        ? `retired ${at(retired.atMs)} after batch ${retired.chain}/${retired.seq}`
        : 'valid'
  return `${name.padEnd(16)} ${keyId}  ${owner === 'centre' ? 'centre ' : 'gateway'}  ${how.padEnd(9)}  since ${at(sinceMs)}  ${end}`
}

/** The credentials of a data folder that is one. @throws FarwatchError `not-a-home`. */
export async function knownCredentials(home: string): Promise<Credentials> {
  const file = credentialsFile(home)
  if (!existsSync(file))
    throw new FarwatchError(
      'not-a-home',
      `${file} is missing: expected --home DIR of a centre that has been started`,
    )
  return Credentials.open(file)
}
