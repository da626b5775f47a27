import { userInfo } from 'node:os'
import { leaveAct } from '@farwatch/audit'
import type { Act } from '@farwatch/model'
import { systemClock } from '@farwatch/runtime'
import { inboxOf } from './storage.ts'

/** Leaves what somebody at this machine has done by command for the log of acts; durable when it resolves. */
export function recordCommand(
  home: string,
  told: Pick<Act, 'action' | 'object' | 'after'> & { readonly reason?: string },
): Promise<void> {
  const { reason = null, ...rest } = told
  const actor = { account: userInfo().username.slice(0, 64) || 'unknown', name: '', from: null }
  const act: Act = {
    ...rest,
    actor: { ...actor, via: 'command' },
    ...{ jurisdiction: null, outcome: 'done', before: null, reason },
  }
  return leaveAct(inboxOf(home), act, systemClock.now())
}
