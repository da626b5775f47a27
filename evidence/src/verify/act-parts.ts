import { lineOfAct } from '../export/act-parts.ts'
import { readFrames } from '../export/frames.ts'
import type { Manifest } from '../export/manifest.ts'
import type { ZipEntry } from '../export/zip.ts'
import { ActsCheck, type ActsProof, type ActsTrust } from './acts.ts'
import type { Finding, FindingCode } from './finding.ts'

interface Deps extends Pick<ActsTrust, 'keys' | 'anchors'> {
  readonly manifest: Manifest | undefined
  /** Entries that are not as the manifest says; those that are explained in detail are taken out. */
  readonly changed: Set<string>
  readonly report: (finding: Finding) => void
}

const batch = 512

/** Judges the acts of an export; undefined where it holds none. */
export async function verifyActs(
  entries: ReadonlyMap<string, ZipEntry>,
  { keys, anchors, manifest, changed, report }: Deps,
): Promise<ActsProof | undefined> {
  const parts = [...entries.keys()].filter((name) => /^acts\/\d{4,}\.fwe$/.test(name)).sort()
  if (parts.length === 0 && manifest?.acts === undefined) return undefined
  let said = 0
  let entry = parts[0]
  const tell = (finding: Finding) => {
    said++
    report(finding)
  }
  const check = new ActsCheck(
    {
      keys,
      ...(anchors === undefined ? {} : { anchors }),
      onFinding: ({ fault, seq, toSeq, atMs, detail }) =>
        tell({
          ...{ code: `act-${fault}` satisfies FindingCode, entry, seq, toSeq, detail },
          time: atMs === undefined ? undefined : new Date(atMs).toISOString(),
        }),
    },
    manifest?.acts?.from,
  )
  for (const name of parts) {
    entry = name
    said = 0
    const lines = new Map<number, string>()
    const frames = [...readFrames((await entries.get(name)?.read()) ?? Buffer.alloc(0))]
    for (let i = 0; i < frames.length; i += batch) {
      const some = frames.slice(i, i + batch).map(({ payload }) => ({ position: 0, payload }))
      for (const body of await check.take(some)) lines.set(body.seq, lineOfAct(body))
    }
    const shown = name.replace(/fwe$/, 'jsonl')
    compareLines((await entries.get(shown)?.read())?.toString('utf8') ?? '', lines, (finding) =>
      tell({ ...finding, entry: shown }),
    )
    if (said > 0) for (const one of [name, shown]) changed.delete(one)
  }
  return check.finish(manifest?.acts)
}

/** Each line for people is what was signed, none is missing or doubled. */
function compareLines(text: string, expected: Map<number, string>, report: (finding: Finding) => void): void {
  const lines = text.split('\n')
  for (const [i, line] of lines.slice(0, -1).entries()) {
    const seq = Number(/^\{"seq":(\d{1,15}),/.exec(line)?.[1])
    if (expected.get(seq) === `${line}\n`) expected.delete(seq)
    else report({ code: 'act-line', line: i + 1, ...(Number.isNaN(seq) ? {} : { seq }) })
  }
  for (const seq of expected.keys()) report({ code: 'act-line-missing', seq })
}
