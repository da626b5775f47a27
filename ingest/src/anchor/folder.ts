import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type AnchorPart, readAnchorFolder, seqOf } from '@farwatch/evidence'
import { FarwatchError } from '@farwatch/model'
import { writeAtomically } from '@farwatch/runtime'
import type { Destination } from './destination.ts'
import type { AnchorStore, StoredAnchor } from './store.ts'

/** `sent` is the centre's own note; the rest is what somebody needs to check it. */
const copied: readonly AnchorPart[] = ['heads', 'tsr', 'anchor']

/**
 * A second folder: another disk, a share, a medium that is written once. It must be there, for a share that is not
 * mounted would otherwise be filled behind its mount point. The folder itself says what it has; a timestamp that comes
 * later follows its anchor.
 */
export function folderDestination(folder: string, store: AnchorStore): Destination {
  const there = async () => {
    const found = await stat(folder).catch(() => undefined)
    return found?.isDirectory() ? readAnchorFolder(folder) : undefined
  }
  const missing = ({ name, parts }: StoredAnchor, has: ReadonlyMap<string, ReadonlySet<AnchorPart>>) =>
    copied.filter((part) => parts.has(part) && !has.get(name)?.has(part))
  return {
    kind: 'file',
    async waiting() {
      const has = await there()
      return store.anchors.filter((anchor) => has === undefined || missing(anchor, has).length > 0)
    },
    async deliver(anchor) {
      const has = await there()
      if (has === undefined) {
        throw new FarwatchError(
          'anchor-folder',
          `${folder} is not there; is it mounted? Make it once by hand`,
        )
      }
      const other = [...has.keys()].find((name) => seqOf(name) === anchor.seq && name !== anchor.name)
      if (other !== undefined) {
        const message = `${folder} has another anchor ${anchor.seq} (${other}) than this centre: an older copy of the data folder was restored, or it is another centre's; look into it, then choose an empty folder`
        throw new FarwatchError('anchor-folder', message)
      }
      for (const part of missing(anchor, has)) {
        await writeAtomically(join(folder, `${anchor.name}.${part}`), await store.read(anchor, part), 0o644)
      }
    },
  }
}
