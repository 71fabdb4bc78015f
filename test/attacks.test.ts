import { describe, expect, test } from 'vitest'
import { filesUnder, read, titlesOf } from './source.js'

const titles = filesUnder('test', '.test.ts').flatMap((path) => titlesOf(read(path)))
const isShown = (by: string): boolean => titles.some((title) => title.startsWith(by))

/** The rows of the tables behind `<!-- kind -->` in a chapter. */
const rowsOf = (chapter: string, kind: string): readonly (readonly string[])[] =>
  [...read(chapter).matchAll(new RegExp(`<!-- ${kind} -->\\s*\\n\\n((?:\\|.*\\n)+)`, 'g'))].flatMap(([, table = '']) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      ),
  )

const numbered = (letter: string, most: number): readonly string[] =>
  Array.from({ length: most }, (_, i) => `${letter}${i + 1}`)

describe('attacks', () => {
  const attacks = rowsOf('spec/attacks.md', 'attacks')

  test('every attack of the chapter is named once, says how it ends, and names a test that is there', () => {
    expect(attacks.filter((row) => row.length !== 3 || row.includes(''))).toEqual([])
    expect(attacks.length).toBeGreaterThanOrEqual(150)
    expect(new Set(attacks.map(([attack]) => attack)).size).toBe(attacks.length)
    expect(attacks.map(([, , shown = '']) => shown).filter((shown) => !isShown(shown))).toEqual([])
  })

  test('no class of attacks and no pitfall of comparable protocols is left out', () => {
    const named = new Set(attacks.map(([attack = '']) => /^(?:pitfall \d+|[A-Z]\d+)\b/.exec(attack)?.[0] ?? ''))
    const classes = Object.entries({ C: 16, R: 11, E: 14, P: 9, M: 7 }).flatMap(([letter, most]) =>
      numbered(letter, most),
    )
    const all = [...classes, ...numbered('pitfall ', 28)]
    expect(all.filter((name) => !named.has(name))).toEqual([])
  })
})

test('every property that is claimed names requirements and tests that are there', () => {
  const properties = rowsOf('spec/security.md', 'properties')
  expect(properties.length).toBeGreaterThanOrEqual(18)
  expect(properties.filter((row) => row.length !== 5 || row.includes(''))).toEqual([])
  const known = new Set(
    filesUnder('spec', '.md').flatMap((path) =>
      [...read(path).matchAll(/^- \*\*([A-Z]{2}-\d+)\*\*/gm)].map(([, id]) => id),
    ),
  )
  const ids = properties.flatMap(([, , , rests = '']) => rests.split(', '))
  expect(ids.filter((id) => !known.has(id))).toEqual([])
  const shown = properties.flatMap(([, , , , by = '']) => by.split('; '))
  expect(shown.filter((by) => !isShown(by))).toEqual([])
})

describe('E9', () => {
  const REGEX =
    /(?<=[(=,:!&|?{};[\s]\s*)\/(?![/*\s])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)(?=[\s.,;)\]]|$)/g
  const sources = filesUnder('src', '.ts').flatMap((path) =>
    read(path)
      .split('\n')
      .filter((line) => !/^\s*(?:\*|\/\*|\/\/)/.test(line))
      .flatMap((line) => [...line.matchAll(REGEX)].map(([, pattern = '', flags = '']) => ({ path, pattern, flags }))),
  )

  // One that runs away on this does not come back within the time that a test has.
  test('no regular expression of the source runs away on 64 KiB of the characters that it names', () => {
    expect(sources.length).toBeGreaterThan(40)
    for (const { path, pattern, flags } of sources) {
      const expression = new RegExp(pattern, flags.replace('g', ''))
      const named = [...new Set([...pattern.replaceAll(/\\[a-z]/gi, ' ').split(''), 'a', '0', '.', '/', '-', ' '])]
      for (const letter of named) {
        const many = letter.repeat(65_536)
        for (const text of [many, `${many}\u0000`])
          expect(typeof expression.test(text), `${path} ${pattern}`).toBe('boolean')
      }
    }
  })
})
