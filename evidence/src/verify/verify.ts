import { messageOf } from '@farwatch/model'
import { decode } from 'cborg'
import { Manifest, openManifestSignature, type Selection, sha256 } from '../export/manifest.ts'
import { type ReadableFile, readZip, type ZipEntry } from '../export/zip.ts'
import { KeyDirectory } from '../key-log.ts'
import { verifyingKey } from '../keys.ts'
import type { PublicKeys } from '../public-keys.ts'
import { verifyActs } from './act-parts.ts'
import type { ActsProof } from './acts.ts'
import { type AnchorProof, judgeAnchors, type Outside, readAnchors } from './anchors.ts'
import { type ChainProof, Chains } from './chains.ts'
import type { Finding } from './finding.ts'
import { KeyRing } from './key-ring.ts'
import { type Counts, PartCheck } from './part.ts'

/** What verification found. */
export interface Report {
  /** Nothing is wrong with what is there; what that proves and what not stands beside. */
  readonly sound: boolean
  readonly findings: readonly Finding[]
  /** Findings beyond those listed. */
  readonly moreFindings: number
  readonly counts: Readonly<Counts>
  readonly chains: readonly ChainProof[]
  /** What the export's anchors prove of its chains, oldest first. */
  readonly anchors: readonly AnchorProof[]
  /** What is proven of the log of acts, where the export holds any. */
  readonly acts: ActsProof | undefined
  readonly selection: Selection | undefined
  readonly madeAt: string | undefined
  /** Whether keys were given from outside; otherwise they are the export's own, to be compared. */
  readonly trusted: boolean
  readonly keys: readonly { readonly owner: string; readonly name: string; readonly keyId: string }[]
}

const maxFindings = 1_000

/**
 * Verifies an export with nothing but itself and, if given, the public keys of those who are to be believed, and
 * anchors and roots of timestamp authorities that were kept outside. Bytes may be
 * changed anywhere: everything that can still be read is judged.
 */
export async function verifyExport(
  file: ReadableFile,
  trusted?: PublicKeys,
  outside: Outside = {},
): Promise<Report> {
  const findings: Finding[] = []
  let more = 0
  const report = (finding: Finding) => {
    if (findings.length < maxFindings) findings.push(finding)
    else more++
  }
  const zip = await readZip(file)
  for (const { offset, problem } of zip.problems) report({ code: 'container', offset, detail: problem })
  const entries = new Map<string, ZipEntry>()
  for (const entry of zip.entries)
    for (const name of entry.names) entries.set(name, entries.get(name) ?? entry)

  const directory = await readKeys(entries, { trusted, report })
  const keys = new KeyRing(directory, trusted)
  const manifest = await readManifest(entries, { keys, report })
  const changed = await compareEntries(entries, { manifest, report })
  const anchors = await readAnchors(entries, { known: trusted?.keys ?? directory.keys, outside }, report)
  const deps = { keys, report, chains: new Chains(anchors), counts: noCounts() }
  for (const { evidence, readings } of partsOf(entries, manifest)) {
    const original = (await entries.get(evidence)?.read()) ?? Buffer.alloc(0)
    const lines = (await entries.get(readings)?.read()) ?? Buffer.alloc(0)
    const said = new PartCheck({ evidence, readings }, lines.toString('utf8'), deps).run(original)
    // The same damage is not told twice: the entry is named where nothing in it could be.
    if (said > 0) for (const name of [evidence, readings]) changed.delete(name)
  }
  const centre = (trusted?.keys ?? directory.keys).filter(({ owner }) => owner === 'centre')
  const acts = await verifyActs(entries, {
    ...{ keys: centre.map(({ publicKey }) => verifyingKey(publicKey)), anchors },
    ...{ manifest, changed, report },
  })
  for (const entry of changed) report({ code: 'entry-changed', entry })
  const chains = deps.chains.finish(manifest)
  for (const finding of chains.findings) report(finding)
  const { selection } = manifest ?? {}
  const proofs = judgeAnchors(anchors, { chains: chains.proofs, selection }, report)
  if (findings.length === 0) compareCounts(deps.counts, { manifest, report })
  return {
    sound: findings.length === 0,
    ...{ findings, moreFindings: more, counts: deps.counts, chains: chains.proofs, anchors: proofs },
    ...{ acts, selection, madeAt: manifest?.madeAt, trusted: trusted !== undefined },
    keys: directory.keys.map(({ owner, name, keyId }) => ({ owner, name, keyId })),
  }
}

interface Reporting {
  readonly report: (finding: Finding) => void
}

async function readKeys(
  entries: ReadonlyMap<string, ZipEntry>,
  { trusted, report }: Reporting & { trusted: PublicKeys | undefined },
): Promise<KeyDirectory> {
  const entry = 'keys.cbor'
  const isTrusted = (keyId: string) =>
    trusted === undefined || trusted.keys.some((key) => key.owner === 'centre' && key.keyId === keyId)
  let log: Uint8Array[] = []
  try {
    const bytes = (await entries.get(entry)?.read()) ?? Buffer.alloc(0)
    const value: unknown = decode(bytes, { strict: true, rejectDuplicateMapKeys: true })
    if (!Array.isArray(value) || !value.every((one) => one instanceof Uint8Array))
      throw new Error('not a list')
    log = value
  } catch (error) {
    report({ code: 'key-log', entry, detail: messageOf(error) })
  }
  const { directory, problems } = KeyDirectory.read(log, isTrusted)
  for (const { entry: number, problem } of problems)
    report({ code: 'key-log', entry, seq: number, detail: problem })
  return directory
}

async function readManifest(
  entries: ReadonlyMap<string, ZipEntry>,
  { keys, report }: Reporting & { keys: KeyRing },
): Promise<Manifest | undefined> {
  const entry = 'manifest.json'
  const bytes = await entries.get(entry)?.read()
  if (bytes === undefined) {
    report({ code: 'entry-missing', entry })
    return undefined
  }
  try {
    const signature = openManifestSignature((await entries.get('manifest.cose')?.read()) ?? Buffer.alloc(0))
    const problem = keys.check(signature.signed, { owner: 'centre' })
    if (problem !== undefined) report({ ...problem, entry: 'manifest.cose' })
    else if (Buffer.compare(signature.body.sha256, sha256(bytes)) !== 0)
      report({ code: 'manifest-signature', entry })
  } catch (error) {
    report({ code: 'manifest-signature', entry: 'manifest.cose', detail: messageOf(error) })
  }
  try {
    return Manifest.parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    report({ code: 'manifest', entry })
    return undefined
  }
}

/** Entries whose content is not the manifest's. */
async function compareEntries(
  entries: ReadonlyMap<string, ZipEntry>,
  { manifest, report }: Reporting & { manifest: Manifest | undefined },
): Promise<Set<string>> {
  const changed = new Set<string>()
  const stated = new Set(['manifest.json', 'manifest.cose'])
  for (const { name, bytes, sha256: hash } of manifest?.entries ?? []) {
    stated.add(name)
    const entry = entries.get(name)
    if (entry === undefined) {
      report({ code: 'entry-missing', entry: name })
      continue
    }
    if (entry.size !== bytes || sha256(await entry.read()).toString('hex') !== hash) changed.add(name)
  }
  if (manifest === undefined) return changed
  for (const entry of new Set(entries.values())) {
    if (!entry.names.some((name) => stated.has(name))) report({ code: 'entry-added', entry: entry.names[0] })
  }
  return changed
}

/** Pairs of originals and readings, in order, whichever of the two is there. */
function partsOf(entries: ReadonlyMap<string, ZipEntry>, manifest: Manifest | undefined) {
  const numbers = new Set<string>()
  for (const name of [...entries.keys(), ...(manifest?.entries ?? []).map((entry) => entry.name)]) {
    const number = /^(?:evidence\/(\d{4,})\.fwe|readings\/(\d{4,})\.csv)$/.exec(name)
    if (number !== null) numbers.add(number[1] ?? number[2]!)
  }
  return [...numbers]
    .sort((a, b) => Number(a) - Number(b))
    .map((number) => ({ evidence: `evidence/${number}.fwe`, readings: `readings/${number}.csv` }))
}

function compareCounts(
  counts: Counts,
  { manifest, report }: Reporting & { manifest: Manifest | undefined },
): void {
  for (const what of ['batches', 'readings', 'plainRecords', 'losses'] as const) {
    const [found, expected] = [counts[what], manifest?.counts[what]]
    if (found !== expected)
      report({ code: 'manifest-counts', field: what, found: String(expected), expected: String(found) })
  }
}

function noCounts(): Counts {
  return { batches: 0, links: 0, readings: 0, plainRecords: 0, losses: 0 }
}
