import { join } from 'node:path'
import type { Logger } from '../log.ts'
import { type FileLayer, replaceFile } from './file-layer.ts'
import { firstOfName, Segment, segmentName } from './segment.ts'

interface Place {
  readonly files: FileLayer
  readonly folder: string
  readonly log: Logger
}

/** The segments in a folder, oldest first; what a crash has left of the last write is cut off and kept aside. */
export async function openSegments(place: Place): Promise<Segment[]> {
  const { files, folder } = place
  const firsts = (await files.list(folder))
    .map(firstOfName)
    .filter((first) => first !== undefined)
    .sort((a, b) => a - b)
  let last: Segment | undefined
  while (last === undefined && firsts.length > 0) last = await openLast(place, firsts.pop()!)
  if (last === undefined) return []
  const segments: Segment[] = []
  for (const [i, first] of firsts.entries()) {
    const path = join(folder, segmentName(first))
    const file = await files.open(path, { create: false })
    segments.push(await Segment.openFull(file, path, { first, next: firsts[i + 1] ?? last.first }))
  }
  return [...segments, last]
}

/** Undefined, and the file removed, when its header never reached the disk: then it holds nothing. */
async function openLast({ files, folder, log }: Place, first: number): Promise<Segment | undefined> {
  const path = join(folder, segmentName(first))
  const file = await files.open(path, { create: false })
  const opened = await Segment.openLast(file, path, first)
  if (opened === undefined) {
    await file.close()
    await files.remove(path)
    return undefined
  }
  const { segment, torn } = opened
  if (torn.length === 0) return segment
  await replaceFile(files, `${path}.${segment.next}.torn`, torn)
  await segment.takeBack()
  log.warn({ journal: folder, bytes: torn.length }, 'journal repaired: a torn write was cut off')
  return segment
}
