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

/** Whether a rule is for a point. Compiled once a rule, asked once a point. */
export function matcherOf(rule: Rule): (target: Target) => boolean {
  const scope: Scope = rule.for
  const site = globs(scope.sites)
  const device = globs(scope.devices)
  const metric = globs(scope.metrics)
  return (target) => {
    const { registered } = target
    if (registered === undefined && (!scope.unregistered || scope.kinds || scope.unit !== undefined))
      return false
    if (registered && scope.kinds && !scope.kinds.includes(registered.site.kind)) return false
    if (registered && scope.unit !== undefined && scope.unit !== registered.point.unit) return false
    return site(target.site) && device(target.device) && metric(target.metric)
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
