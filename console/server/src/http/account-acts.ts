import type { AccountView, Act, ActLog, Caller, Refused } from '@farwatch/model'
import type { FastifyRequest } from 'fastify'
import { problemOfRefusal } from './refusals.ts'

/** What is written down of an account: everything but secrets, of which a view has none. */
export function accountOnRecord({ name, grants, locked, secondFactor }: AccountView): Act['before'] {
  return { name, grants: [...grants], locked, secondFactor }
}

interface Recorded {
  readonly action: string
  /** Id of the account. */
  readonly account: string
  readonly before?: Act['before']
  readonly after?: Act['after']
}

/** Writes acts on accounts and sessions to the log of acts. */
export class AccountActs {
  readonly #acts: Pick<ActLog, 'append'>

  constructor(acts: Pick<ActLog, 'append'>) {
    this.#acts = acts
  }

  /** Resolves once it is durable. `by`: who it turned out to be, where that is not who asked. */
  async done(request: FastifyRequest, act: Recorded, by: Caller | null = request.caller): Promise<void> {
    await this.#acts.append({
      ...{ action: act.action, actor: (by?.principal ?? request.principal).actor },
      ...{ object: { kind: 'account', id: act.account }, jurisdiction: null, outcome: 'done' },
      ...{ before: act.before ?? null, after: act.after ?? null, reason: null },
    })
    request.hasActed = true
  }

  /** Writes down that it was refused, unless it was not even looked at: who floods must not fill the log. @throws Problem always. */
  async refused(request: FastifyRequest, act: Recorded, why: Refused): Promise<never> {
    if (why.reason === 'too-many-attempts') throw problemOfRefusal(why)
    await this.#acts.append({
      ...{ action: act.action, actor: request.principal.actor },
      ...{ object: { kind: 'account', id: act.account }, jurisdiction: null, outcome: 'refused' },
      ...{ before: null, after: act.after ?? null, reason: `${why.reason}: ${why.detail}` },
    })
    throw problemOfRefusal(why)
  }
}
