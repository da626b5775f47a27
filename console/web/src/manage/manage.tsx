import { lazy, Suspense, useEffect } from 'react'
import { Icon, Wordmark } from '../design/icons.tsx'
import { useWords } from '../i18n/index.ts'
import { useSession } from '../session/session.ts'
import { Appearance } from '../shell/appearance.tsx'
import { manageAddress, useManageAddress } from './address.ts'
import './manage.css'
import { managePages } from './pages.ts'

const pages = new Map<
  string,
  ReturnType<typeof lazy<Awaited<ReturnType<(typeof managePages)[number]['load']>>['default']>>
>(managePages.map(({ name, load }) => [name, lazy(load)]))

/** The management area: its pages, and the way back to the map. */
export default function Manage() {
  const { t } = useWords()
  const session = useSession()
  const may = session.kind === 'known' ? session.info.actions : []
  const [name = managePages[0]?.name ?? '', ...rest] = useManageAddress()
  const Page = pages.get(name)
  const current = managePages.find((page) => page.name === name)
  const title = current === undefined ? t('manage.title') : t(`manage.${current.name}`)
  useEffect(() => {
    document.title = `${title} · ${t('product.name')}`
  }, [title, t])
  return (
    <div className="manage">
      <header className="manage-bar">
        <a className="brand" href="#/alerts" title={t('manage.back')}>
          <Wordmark />
          <b>{t('product.name')}</b>
        </a>
        <nav aria-label={t('manage.title')} className="manage-pages">
          {managePages
            .filter(({ action }) => may.includes(action))
            .map((page) => (
              <a
                key={page.name}
                href={manageAddress(page.name)}
                aria-current={page.name === name ? 'page' : undefined}
              >
                {t(`manage.${page.name}`)}
              </a>
            ))}
        </nav>
        <div className="manage-right">
          <a className="quiet" href="#/alerts" data-testid="back-to-map">
            <Icon name="map" />
            <span>{t('manage.back')}</span>
          </a>
          <Appearance />
        </div>
      </header>
      <main className="manage-body">
        {Page === undefined ? (
          <p className="manage-empty dim">{t('manage.unknown')}</p>
        ) : (
          <Suspense fallback={null}>
            <Page rest={rest} />
          </Suspense>
        )}
      </main>
    </div>
  )
}
