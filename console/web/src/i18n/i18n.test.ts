import { describe, expect, test } from 'vitest'
import { en } from './en.ts'
import { registryEn } from './registry-en.ts'
import { registryZh } from './registry-zh.ts'
import { zh } from './zh.ts'

type Tree = { readonly [key: string]: string | Tree }

function* leaves(tree: Tree, path = ''): Generator<[string, string]> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') yield [`${path}${key}`, value]
    else yield* leaves(value, `${path}${key}.`)
  }
}

const placeholders = (text: string) => (text.match(/{{\w+}}/g) ?? []).sort()

describe('F5 both languages are complete', () => {
  const chinese = new Map(leaves({ ...zh, registryPage: registryZh }))
  const english = new Map(leaves({ ...en, registryPage: registryEn }))

  test('F5 the same keys, none empty', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
    for (const [key, text] of [...chinese, ...english]) expect(text === '' ? key : '').toBe('')
  })

  test('F5 the same placeholders in both', () => {
    for (const [key, text] of chinese)
      expect([key, placeholders(english.get(key) ?? '')]).toEqual([key, placeholders(text)])
  })

  test('F5 English speaks no Chinese, but for the name of the other language', () => {
    const mixed = [...english].filter(([, text]) => /\p{Script=Han}/u.test(text)).map(([key]) => key)
    expect(mixed).toEqual(['settings.other'])
  })
})

describe('F5 no user’s word outside the locale files', () => {
  const sources = import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.ts', '!./*.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  })

  test('F5 no Chinese in the sources, no bare text in the markup', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(30)
    const found = Object.entries(sources).flatMap(([path, source]) => {
      const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      const chinese = code.match(/\p{Script=Han}+/gu) ?? []
      const bare = path.endsWith('.tsx')
        ? (code.match(/<(\w+)[^<>{}]*>\s*[A-Za-z]{2,}[^<>{}=;()]*<\/\1>/g) ?? [])
        : []
      return [...chinese, ...bare].map((text) => `${path}: ${text}`)
    })
    expect(found).toEqual([])
  })
})
