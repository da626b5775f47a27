import type { Alert, Level, SiteView } from '@farwatch/model'
import type { Feature, FeatureCollection, Point } from 'geojson'
import { isCalling, rankOf, worstLevel } from '../design/levels.ts'
import type { SiteCondition } from '../live/freshness.ts'

/** How a site is drawn; its `image` names the drawing. */
export interface SiteFeature {
  readonly id: string
  readonly name: string
  readonly kind: SiteView['kind']
  readonly condition: SiteCondition
  readonly level: Level | null
  /** Something here waits for an operator. */
  readonly waiting: boolean
  readonly image: string
  /** Lower is placed first: the worst keeps its label. */
  readonly order: number
}

export interface SiteFacts {
  readonly sites: ReadonlyMap<string, SiteView>
  readonly conditions: ReadonlyMap<string, SiteCondition>
  readonly open: ReadonlyMap<string, readonly Alert[]>
}

export function siteFeature(
  site: SiteView,
  facts: Pick<SiteFacts, 'conditions' | 'open'>,
  name: string,
): SiteFeature {
  const alerts = facts.open.get(site.id) ?? []
  const level = worstLevel(alerts)
  const condition = facts.conditions.get(site.id) ?? 'normal'
  return {
    id: site.id,
    name,
    kind: site.kind,
    condition,
    level,
    waiting: alerts.some(isCalling),
    image: `${site.kind}|${condition}|${level ?? 'none'}`,
    order: level === null ? (condition === 'normal' ? 9 : 8) : rankOf(level),
  }
}

/** Only sites with a place; the others are in the list. */
export function siteFeatures(
  facts: SiteFacts,
  language: keyof SiteView['name'],
): FeatureCollection<Point, SiteFeature> {
  const features: Feature<Point, SiteFeature>[] = []
  for (const site of facts.sites.values()) {
    if (site.latitude === null || site.longitude === null) continue
    features.push({
      type: 'Feature',
      properties: siteFeature(site, facts, site.name[language]),
      geometry: { type: 'Point', coordinates: [site.longitude, site.latitude] },
    })
  }
  // Drawn in this order: the worst last, on top.
  features.sort((a, b) => b.properties.order - a.properties.order)
  return { type: 'FeatureCollection', features }
}
