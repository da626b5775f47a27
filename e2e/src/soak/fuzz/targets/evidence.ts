import {
  isSignedBy,
  openBatch,
  openRotation,
  openSign1,
  parsePublicKeys,
  signingKey,
  signRotation,
  verifyingKey,
  verifySign1,
} from '@farwatch/evidence'
import { utf8 } from '@farwatch/model'
import { mutateBytes } from '../mutate/bytes.ts'
import { mutateJson } from '../mutate/json.ts'
import { attempt, mustHold, same, type Target, type TargetKind } from '../target.ts'
import { mutateBinary } from './model-binary.ts'
import { batches, batchMessages, key, keyOf, publicKey, startMs } from './samples.ts'

/** Signatures and keys: whatever verifies must be, byte for byte, what was signed. */

const sign1: Target & { readonly share: number } = {
  name: 'sign1',
  share: 15,
  seeds: batches.map((batch) => batch.sign1),
  mutate: mutateBinary,
  judge(input) {
    const opened = attempt(() => openSign1(input))
    if (opened === undefined) return 'refused'
    const isOriginal = this.seeds.some((seed) => same(seed, input))
    mustHold(!verifySign1(opened, publicKey) || isOriginal, 'a signature holds for bytes that nobody signed')
    return isOriginal ? 'accepted' : 'refused'
  },
}

const signedBatch: Target & { readonly share: number } = {
  name: 'signed-batch',
  share: 20,
  seeds: batchMessages,
  mutate: mutateBinary,
  judge(input) {
    const opened = attempt(() => openBatch(input))
    if (opened === undefined || !isSignedBy(opened, publicKey)) return 'refused'
    mustHold(
      this.seeds.some((seed) => same(seed, input)),
      'a changed batch counts as signed',
    )
    return 'accepted'
  },
}

const newKey = keyOf(8)

const rotation: Target & { readonly share: number } = {
  name: 'rotation',
  share: 4,
  seeds: [
    signRotation(
      { gateway: 'GW-1', chain: '00000000000000aa', seq: 7, madeMs: startMs },
      { from: key, to: newKey },
    ),
  ],
  mutate: mutateBinary,
  judge(input) {
    const opened = attempt(() => openRotation(input))
    if (opened === undefined || !opened.isSignedBy(publicKey)) return 'refused'
    mustHold(
      this.seeds.some((seed) => same(seed, input)),
      'a changed rotation counts as signed',
    )
    return 'accepted'
  },
}

const keyList: Target & { readonly share: number } = {
  name: 'key-list',
  share: 3,
  seeds: [
    new TextEncoder().encode(
      JSON.stringify({
        v: 1,
        keys: [{ owner: 'gateway', name: 'GW-1', keyId: key.keyId, alg: -8, publicKey: key.publicKey }],
      }),
    ),
  ],
  mutate: mutateJson,
  judge(input) {
    const parsed = attempt(() => parsePublicKeys(utf8(input)))
    if (parsed === undefined) return 'refused'
    for (const { keyId, publicKey: text } of parsed.keys)
      mustHold(verifyingKey(text).keyId === keyId, 'a key under the id of another')
    return 'accepted'
  },
}

const publicKeys: Target & { readonly share: number } = {
  name: 'public-key',
  share: 3,
  seeds: [new TextEncoder().encode(key.publicKey)],
  mutate: mutateBytes,
  judge(input) {
    const opened = attempt(() => verifyingKey(utf8(input)))
    if (opened === undefined) return 'refused'
    mustHold(opened.key.asymmetricKeyType === 'ed25519', 'a key of another kind')
    return 'accepted'
  },
}

const privateKeys: Target & { readonly share: number } = {
  name: 'private-key',
  share: 1,
  seeds: [new TextEncoder().encode(key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)],
  mutate: mutateBytes,
  judge(input) {
    return attempt(() => signingKey(utf8(input))) === undefined ? 'refused' : 'accepted'
  },
}

export const evidence: readonly TargetKind[] = [
  sign1,
  signedBatch,
  rotation,
  keyList,
  publicKeys,
  privateKeys,
].map((target) => ({
  name: target.name,
  share: target.share,
  open: () => target,
}))
