import type { ComponentType } from 'react'

/** One page of the management area; `rest` is what stands behind its name in the address. */
export interface ManagePage {
  /** In the address: `#/manage/NAME`. Its title is the word `manage.NAME`. */
  readonly name: 'registry' | 'accounts' | 'audit'
  readonly load: () => Promise<{ default: ComponentType<{ rest: readonly string[] }> }>
}

/** A new page is a folder with a default export and a line here. */
export const managePages: readonly ManagePage[] = [
  { name: 'audit', load: () => import('../audit/page.tsx') },
  { name: 'accounts', load: () => import('../accounts/index.tsx') },
]
