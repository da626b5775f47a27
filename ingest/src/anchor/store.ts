import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type AnchorPart,
  breakOf,
  type ChainEnd,
  emptyChain,
  encodeLeaves,
  endAfter,
  openAnchor,
  readAnchorFolder,
  seqOf,
} from '@farwatch/evidence'
import { FarwatchError, messageOf } from '@farwatch/model'
import { randomId, writeAtomically } from '@farwatch/runtime'

export interface StoredAnchor {
  /** Beginning of its files' names: local day and sequence, as in `2026-11-23-000012`. */
  readonly name: string
  readonly seq: number
  readonly madeMs: number
  readonly parts: ReadonlySet<AnchorPart>
}

/** As `StoredAnchor`, growing. */
type Held = StoredAnchor & { readonly parts: Set<AnchorPart> }

/** The folder of anchors at the centre. What stands in it is never written again. */
export class AnchorStore {
  readonly folder: string
  readonly #anchors: Held[]
  #end: ChainEnd

  private constructor(folder: string, anchors: Held[], end: ChainEnd) {
    this.folder = folder
    this.#anchors = anchors
    this.#end = end
  }

  /** @throws FarwatchError `bad-anchors` when one of them cannot be read or is missing: a log with a hole must not go on. */
  static async open(folder: string): Promise<AnchorStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const parts = await readAnchorFolder(folder)
    const anchors: Held[] = []
    let end = emptyChain(randomId())
    for (const [name, has] of [...parts].sort(([a], [b]) => seqOf(a) - seqOf(b))) {
      // Heads alone are from a crash before the statement was written; they are written again with the next one.
      if (!has.has('anchor')) continue
      const file = join(folder, `${name}.anchor`)
      try {
        const statement = await readFile(file)
        const anchor = openAnchor(statement)
        const problem = breakOf(anchor, anchors.length === 0 ? emptyChain(anchor.chain) : end)
        if (problem !== undefined) throw new Error(problem)
        anchors.push({ name, seq: anchor.seq, madeMs: anchor.madeMs, parts: has })
        end = endAfter(statement)
      } catch (cause) {
        const message = `${file} cannot be used (${messageOf(cause)}); restore the folder from a copy of the anchors, or move it away to begin a new log`
        throw new FarwatchError('bad-anchors', message, { cause })
      }
    }
    return new AnchorStore(folder, anchors, end)
  }

  /** All of them, the oldest first. */
  get anchors(): readonly StoredAnchor[] {
    return this.#anchors
  }

  /** Where the log stands: the next anchor goes behind it. */
  get end(): ChainEnd {
    return this.#end
  }

  read({ name }: StoredAnchor, part: AnchorPart): Promise<Buffer> {
    return readFile(join(this.folder, `${name}.${part}`))
  }

  /** Adds the next anchor; it is on disk when this resolves. */
  async add({
    statement,
    leaves,
  }: {
    statement: Uint8Array
    leaves: readonly Uint8Array[]
  }): Promise<StoredAnchor> {
    const { day, seq, madeMs } = openAnchor(statement)
    if (seq !== this.#end.seq + 1) throw new FarwatchError('bad-anchors', `anchor ${seq} is not the next one`)
    const name = `${day}-${String(seq).padStart(6, '0')}`
    await writeAtomically(join(this.folder, `${name}.heads`), encodeLeaves(leaves))
    await writeAtomically(join(this.folder, `${name}.anchor`), statement)
    const anchor = { name, seq, madeMs, parts: new Set<AnchorPart>(['heads', 'anchor']) }
    this.#anchors.push(anchor)
    this.#end = endAfter(statement)
    return anchor
  }

  /** Puts what became of an anchor beside it. @throws FarwatchError `bad-anchors` when it is there already. */
  async keep({ name, seq }: StoredAnchor, part: 'tsr' | 'sent', content: Uint8Array | string): Promise<void> {
    const { parts } = this.#anchors[seq - 1]!
    if (parts.has(part)) throw new FarwatchError('bad-anchors', `${name}.${part} is there already`)
    await writeAtomically(join(this.folder, `${name}.${part}`), content)
    parts.add(part)
  }
}
