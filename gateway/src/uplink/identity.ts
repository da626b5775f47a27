import { join } from 'node:path'
import { generateKeyPem, openBatch, type SigningKey, signingKey, signRotation } from '@farwatch/evidence'
import { FarwatchError } from '@farwatch/model'
import {
  type Clock,
  type Logger,
  lockFile,
  openJournal,
  readIfPresent,
  writeAtomically,
} from '@farwatch/runtime'
import { chainEnd } from './batcher.ts'

const label = 'FARWATCH KEY ROTATION'
const rotationPattern = new RegExp(
  `-----BEGIN ${label}-----\\n([A-Za-z0-9+/=]+)\\n-----END ${label}-----`,
  'g',
)
/** As many as a status message carries: the centre needs those since it last heard of this gateway. */
const maxRotations = 16

/** The key that a gateway signs with, and the statements by which the keys before it named their successors. */
export interface Identity {
  readonly key: SigningKey
  /** COSE_Sign1 in base64, oldest first. */
  readonly rotations: readonly string[]
}

const pathIn = (home: string) => join(home, 'gateway-key.pem')

/** The gateway's identity, made on first start and kept in its home with mode 0600. */
export async function loadIdentity(home: string): Promise<Identity> {
  const stored = await readIfPresent(pathIn(home))
  const pem = stored ?? generateKeyPem()
  if (stored === undefined) await writeAtomically(pathIn(home), pem)
  const rotations = Array.from(pem.matchAll(rotationPattern), ([, base64]) => base64!)
  return { key: signingKey(pem), rotations }
}

/**
 * Replaces the signing key in the folder of a gateway that does not run by a new one that the old one vouches for. Key and
 * statements stand in one file, so that a power cut leaves the old key or the new one with its statement; the old private
 * key is gone afterwards.
 * @throws FarwatchError `folder-in-use` while the gateway runs, `not-a-gateway` where nothing has been sealed in this
 * folder yet or by another gateway.
 */
export async function rotateKey(
  home: string,
  { gateway, clock, log }: { gateway: string; clock: Clock; log: Logger },
): Promise<{ readonly from: string; readonly to: SigningKey }> {
  const unlock = lockFile(join(home, 'gateway.lock'))
  try {
    const journal = await openJournal({ folder: join(home, 'journal'), log, clock })
    try {
      const [last] = await journal.read(Math.max(1, journal.next - 1))
      const found = last?.payload === undefined ? undefined : openBatch(last.payload).header.gateway
      if (found !== gateway) {
        const what = found === undefined ? 'holds no batches yet' : `is that of gateway ${found}`
        throw new FarwatchError('not-a-gateway', `${home} ${what}; expected the folder of ${gateway}`)
      }
      const { chain, seq } = await chainEnd(journal)
      return await replaceKey(home, { gateway, chain, seq, madeMs: clock.now() })
    } finally {
      await journal.close()
    }
  } finally {
    unlock()
  }
}

async function replaceKey(home: string, place: Parameters<typeof signRotation>[0]) {
  const { key: from, rotations: before } = await loadIdentity(home)
  const pem = generateKeyPem()
  const to = signingKey(pem)
  const statement = Buffer.from(signRotation(place, { from, to })).toString('base64')
  const blocks = [...before, statement]
    .slice(-maxRotations)
    .map((base64) => `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`)
  await writeAtomically(pathIn(home), `${pem}${blocks.join('')}`)
  return { from: from.keyId, to }
}
