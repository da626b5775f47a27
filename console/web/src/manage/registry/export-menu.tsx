import type { EntityKind } from '@farwatch/model'
import { useId } from 'react'
import { Icon } from '../../design/icons.tsx'
import { useWords } from '../../i18n/index.ts'
import { useRegistryWords } from './words.ts'

export function ExportMenu({ kind }: { kind: EntityKind }) {
  const t = useRegistryWords()
  const { language } = useWords()
  const menu = useId()
  return (
    <div className="registry-export">
      <button type="button" className="button" popoverTarget={menu} data-testid="export">
        <Icon name="download" size={16} />
        {t('export')}
      </button>
      <div id={menu} popover="auto" className="registry-menu">
        <a href={`/api/registry/export.xlsx?language=${language}`} download>
          {t('exportAll')}
        </a>
        <a href={`/api/registry/export.xlsx?kind=${kind}&language=${language}`} download>
          {t('exportKind')}
        </a>
        <a href={`/api/registry/export.csv?kind=${kind}&language=${language}`} download>
          {t('exportCsv')}
        </a>
      </div>
    </div>
  )
}
