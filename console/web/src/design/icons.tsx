import type { SiteView } from '@farwatch/model'
import { siteIcons } from './site-icons.ts'

const paths = {
  alerts:
    'M12 4a5.500 5.500 0 0 0-5.500 5.500c0 4.500-2 6-2 6h15s-2-1.500-2-6A5.500 5.500 0 0 0 12 4zM10 19a2.200 2.200 0 0 0 4 0',
  map: 'M9 4.500 3.500 6.500v13L9 17.500l6 2 5.500-2v-13L15 6.500zM9 4.500v13M15 6.500v13',
  gateways:
    'M12 20v-6M4.500 14h15v6h-15zM8 17.200h.01M8.500 10.500a5 5 0 0 1 7 0M5.800 7.600a9 9 0 0 1 12.400 0',
  sites: 'M4 6h2M9.500 6H20M4 12h2M9.500 12H20M4 18h2M9.500 18H20',
  close: 'M6 6l12 12M18 6 6 18',
  back: 'M14.500 5.500 8 12l6.500 6.500',
  plus: 'M12 5.500v13M5.500 12h13',
  minus: 'M5.500 12h13',
  fit: 'M4.500 9V4.500H9M15 4.500h4.500V9M19.500 15v4.500H15M9 19.500H4.500V15',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400',
  moon: 'M19.500 14.200A8 8 0 0 1 9.800 4.500a8 8 0 1 0 9.700 9.700z',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  person:
    'M12 4.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM5 20c.6-3.600 3.400-5.500 7-5.500s6.400 1.900 7 5.500',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  warn: 'M12 4 2.800 19.500h18.400zM12 10v4.500M12 17v.3',
  camera: 'M4 7.500h10.500v9H4zM14.500 10.500 20 7.800v8.400l-5.500-2.700z',
  manage: 'M4 20V8l8-4 8 4v12M4 20h16M9 20v-6h6v6M9 10.500h.01M12 10.500h.01M15 10.500h.01',
  upload: 'M12 16V5M7.500 9 12 4.500 16.500 9M5 19.500h14',
  download: 'M12 4.500V16M7.500 11.500 12 16l4.500-4.500M5 19.500h14',
  search: 'M10.500 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5',
  link: 'M9 12h6M9.500 8H8a4 4 0 0 0 0 8h1.500M14.500 8H16a4 4 0 0 1 0 8h-1.500',
} as const

/** Decorative: whoever uses it says in words what it means. */
export function Icon({ name, size = 18 }: { name: keyof typeof paths; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}

export function SiteIcon({ kind, size = 18 }: { kind: SiteView['kind']; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={siteIcons[kind]} />
    </svg>
  )
}

export function Wordmark({ size = 26 }: { size?: number }) {
  return (
    <svg className="wordmark-icon" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <path d="M4 17c3.600-6.400 7.600-9.500 12-9.500S24.400 10.600 28 17" />
      <path d="M9.500 21.500c2-3.100 4.100-4.600 6.500-4.600s4.500 1.500 6.500 4.600" opacity=".55" />
      <circle cx="16" cy="25" r="2.200" />
    </svg>
  )
}
