import i18next, { type TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { registryEn } from '../../i18n/registry-en.ts'
import { registryZh } from '../../i18n/registry-zh.ts'

i18next.addResourceBundle('zh', 'registry', registryZh)
i18next.addResourceBundle('en', 'registry', registryEn)

/** The words of this page; `useWords` has those of the whole console. */
export function useRegistryWords(): TFunction<'registry'> {
  return useTranslation('registry').t
}
