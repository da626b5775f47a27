import type { Action } from '@farwatch/model'
import type { ComponentType } from 'react'

/** One page of the management area; `rest` is what stands behind its name in the address. */
export interface ManagePage {
  /** In the address: `#/manage/NAME`. Its title is the word `manage.NAME`. */
  readonly name: 'registry' | 'accounts' | 'audit'
  /** What one must be allowed to do to have any use of it. */
  readonly action: Action
  readonly load: () => Promise<{ default: ComponentType<{ rest: readonly string[] }> }>
}

/** A new page is a folder with a default export and a line here. */
export const managePages: readonly ManagePage[] = [
  { name: 'registry', action: 'registry.read', load: () => import('./registry/page.tsx') },
  { name: 'accounts', action: 'accounts.read', load: () => import('../accounts/index.tsx') },
  { name: 'audit', action: 'audit.read', load: () => import('../audit/page.tsx') },
]
