import { z } from 'zod'

/** The last file of a backup: what it holds. */
export const manifestName = 'farwatch-backup.json'

export const BackupManifest = z.strictObject({
  v: z.literal(1),
  madeAt: z.iso.datetime(),
  version: z.string(),
  files: z.array(
    z.strictObject({
      name: z.string(),
      bytes: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
})
export type BackupManifest = z.infer<typeof BackupManifest>
