import { resetAtMachine } from '@farwatch/access'
import type { AccountsOptions } from './options.ts'

/** Prints a new one-time password of an account; a running platform notices by itself. */
export async function accounts({ home, id }: AccountsOptions): Promise<void> {
  const password = await resetAtMachine(home, id)
  process.stdout.write(`${id}: one-time password ${password}\n`)
  process.stderr.write('Shown once, holds for 72 hours, must be changed at the first login.\n')
}
