import type { Level } from '@farwatch/model'

/** The map's colours; a WebGL style cannot read CSS variables. Levels as in `design/tokens.css`. */
export interface Palette {
  readonly sea: string
  readonly neighbour: string
  readonly neighbourLine: string
  readonly land: readonly [string, string, string, string]
  readonly county: string
  readonly city: string
  readonly cityGlow: string
  readonly grid: string
  readonly gridText: string
  readonly countyText: string
  readonly siteText: string
  readonly halo: string
  readonly chip: string
  readonly chipLine: string
  readonly glyph: string
  readonly muted: string
  readonly level: Readonly<Record<Level, { readonly fill: string; readonly on: string }>>
}

export const dark: Palette = {
  sea: '#0a0d12',
  neighbour: '#0d1117',
  neighbourLine: '#1a212b',
  land: ['#151c26', '#131a23', '#161e29', '#141b25'],
  county: '#2e3a49',
  city: '#4c5d72',
  cityGlow: 'rgba(120,160,200,0.10)',
  grid: 'rgba(140,165,195,0.07)',
  gridText: '#3d4a5a',
  countyText: '#76869a',
  siteText: '#dfe6ee',
  halo: '#10161e',
  chip: '#1d2733',
  chipLine: '#5d7088',
  glyph: '#cfd9e4',
  muted: '#8592a3',
  level: {
    red: { fill: '#ff6257', on: '#1d0503' },
    orange: { fill: '#ff9a45', on: '#1f0e00' },
    yellow: { fill: '#f2d24b', on: '#1c1500' },
    blue: { fill: '#62a6ff', on: '#03101f' },
  },
}

export const light: Palette = {
  sea: '#e6e9e8',
  neighbour: '#eceeec',
  neighbourLine: '#d6dbd9',
  land: ['#fbfbf9', '#f7f8f5', '#fcfcfb', '#f9f9f6'],
  county: '#c6cdcb',
  city: '#98a3a3',
  cityGlow: 'rgba(60,80,90,0.07)',
  grid: 'rgba(50,70,85,0.07)',
  gridText: '#a3adae',
  countyText: '#6b7779',
  siteText: '#1a2026',
  halo: '#ffffff',
  chip: '#ffffff',
  chipLine: '#8d999c',
  glyph: '#2d373f',
  muted: '#66727d',
  level: {
    red: { fill: '#d5271d', on: '#ffffff' },
    orange: { fill: '#f08020', on: '#1f0e00' },
    yellow: { fill: '#f0c419', on: '#1c1500' },
    blue: { fill: '#1f66d1', on: '#ffffff' },
  },
}
