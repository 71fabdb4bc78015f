import { expect, test } from 'vitest'
import { filesUnder, read, titlesOf } from './source.js'

const titles = filesUnder('test', '.test.ts').flatMap((path) => titlesOf(read(path)))

const rows = [...read('spec/attacks.md').matchAll(/<!-- attacks -->\s*\n\n((?:\|.*\n)+)/g)].flatMap(([, table = '']) =>
  table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.slice(1, -1).split('|')),
)

test('every attack of the chapter is named once, says how it ends, and names a test that is there', () => {
  const attacks = rows.map(([attack = '', ends = '', shown = '', ...rest]) => {
    expect([attack.trim(), ends.trim(), shown.trim()]).not.toContain('')
    expect(rest).toEqual([])
    return { attack: attack.trim(), shown: shown.trim() }
  })
  expect(attacks.length).toBeGreaterThanOrEqual(60)
  expect(new Set(attacks.map(({ attack }) => attack)).size).toBe(attacks.length)
  expect(attacks.filter(({ shown }) => !titles.some((title) => title.startsWith(shown)))).toEqual([])
})
