import type { EntityKind, Text } from '@farwatch/model'

/** What each kind is called. */
export const kindNames: Readonly<Record<EntityKind, Text>> = {
  jurisdiction: { zh: '行政区划', en: 'jurisdiction' },
  department: { zh: '部门', en: 'department' },
  enterprise: { zh: '企业', en: 'enterprise' },
  site: { zh: '站点', en: 'site' },
  outlet: { zh: '排放口', en: 'outlet' },
  device: { zh: '设备', en: 'device' },
  point: { zh: '测点', en: 'point' },
  limit: { zh: '限值', en: 'limit' },
  calibration: { zh: '校准记录', en: 'calibration' },
  review: { zh: '选址审核', en: 'siting review' },
  officer: { zh: '执法人员', en: 'officer' },
  item: { zh: '监管事项', en: 'supervision item' },
}

/** As a person reads what was found: quoted, at most 60 characters. */
export function shown(found: unknown): string {
  const text = found === undefined ? '∅' : (JSON.stringify(found) ?? String(found))
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** A few ids of many. */
export function someOf(ids: readonly string[]): string {
  const first = ids.slice(0, 3).join(', ')
  return ids.length > 3 ? `${first} …` : first
}

/** An empty field, as people call it. */
export function foundOf(found: unknown): Text {
  return found === undefined ? { zh: '未填写', en: 'nothing' } : { zh: shown(found), en: shown(found) }
}
