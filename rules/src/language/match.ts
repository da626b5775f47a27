import type { Device, Point, PointKey, Site } from '@farwatch/model'
import type { Rule, Scope } from './rule.ts'

/** A point as rules see it; of an unregistered one only the three names are known. */
export interface Target {
  readonly key: PointKey
  readonly site: string
  readonly device: string
  readonly metric: string
  readonly registered?: { readonly site: Site; readonly device: Device; readonly point: Point }
}

/** A rule's scope, in two parts: what many points have in common, and the names of where one stands. */
interface Matcher {
  readonly rule: Rule
  readonly fitsSort: (target: Target) => boolean
  readonly fitsPlace: (target: Target) => boolean
}

/**
 * Finds the rules that are for a point, in their order. Points of one sort (metric, unit, kind of site) meet only the rules
 * that may be for such points.
 */
export class RuleIndex {
  readonly #matchers: readonly Matcher[]
  /** Of registered points only: the registry bounds how many there are. */
  readonly #sorts = new Map<string, readonly Matcher[]>()

  constructor(rules: readonly Rule[]) {
    this.#matchers = rules.map(matcherOf)
  }

  rulesFor(target: Target): Rule[] {
    return this.#ofSort(target)
      .filter(({ fitsPlace }) => fitsPlace(target))
      .map(({ rule }) => rule)
  }

  #ofSort(target: Target): readonly Matcher[] {
    const { metric, registered } = target
    const find = () => this.#matchers.filter(({ fitsSort }) => fitsSort(target))
    if (registered === undefined) return find()
    const sort = `${metric}\n${registered.point.unit}\n${registered.site.kind}`
    const known = this.#sorts.get(sort) ?? find()
    this.#sorts.set(sort, known)
    return known
  }
}

function matcherOf(rule: Rule): Matcher {
  const scope: Scope = rule.for
  const site = globs(scope.sites)
  const device = globs(scope.devices)
  const metric = globs(scope.metrics)
  return {
    rule,
    fitsSort: ({ metric: name, registered }) => {
      if (registered === undefined && (!scope.unregistered || scope.kinds || scope.unit !== undefined))
        return false
      if (registered && scope.kinds && !scope.kinds.includes(registered.site.kind)) return false
      if (registered && scope.unit !== undefined && scope.unit !== registered.point.unit) return false
      return metric(name)
    },
    fitsPlace: (target) => site(target.site) && device(target.device),
  }
}

function globs(patterns: readonly string[] | undefined): (name: string) => boolean {
  if (patterns === undefined) return () => true
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const wild = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'))
  return (name) => exact.has(name) || wild.some((parts) => matches(name, parts))
}

/** Pieces between stars, leftmost first: linear, so that no pattern can make it slow. */
function matches(name: string, parts: readonly string[]): boolean {
  const first = parts[0]!
  const last = parts.at(-1)!
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
    return false
  const end = name.length - last.length
  let from = first.length
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from)
    if (at < 0 || at + part.length > end) return false
    from = at + part.length
  }
  return true
}
