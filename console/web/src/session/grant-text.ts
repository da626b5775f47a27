import type { Grant } from '@farwatch/model'
import { useWords } from '../i18n/index.ts'

const named = ['341602', '341621', '341622', '341623'] as const

/** A grant as people say it: role, and where it holds. */
export function useGrantText(): (grant: Grant) => string {
  const { t } = useWords()
  return ({ role, jurisdiction, department, enterprise }) => {
    const county = named.find((one) => one === jurisdiction)
    const area =
      jurisdiction === null
        ? t('grant.everywhere')
        : county === undefined
          ? jurisdiction
          : t(`county.${county}`)
    const where = enterprise ?? area
    return [t(`role.${role}`), where, department].filter((part) => part !== null).join(' · ')
  }
}
