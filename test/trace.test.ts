import { describe, expect, test } from 'vitest'
import { titlesAt } from './source.js'
import { type Project, project } from './trace/project.js'
import { EXCEPTIONS } from './trace/requirements.js'
import { SHOWN } from './trace/shown.js'
import { jsonOf, textOf } from './trace/text.js'
import { type Row, traceOf, vectorCount } from './trace/trace.js'

const files = project()
const { rows, gaps } = traceOf(files)

test('every requirement has its line of code, its test, and its vector or case, or a reason why it has none', () => {
  expect(gaps).toEqual([])
})

/** How many titles of tests each file has: its own lines, so that one that goes is one line of a change. */
const titles = (from: Project): string =>
  [...from]
    .filter(([path]) => path.startsWith('test/') && path.endsWith('.ts'))
    .map(([path, text]) => ({ path, count: titlesAt(text).length }))
    .filter(({ count }) => count > 0)
    .map(({ path, count }) => `${path} ${count}\n`)
    .sort()
    .join('')

test('no test goes unnoticed: each file has as many as titles.txt says', async () => {
  await expect(titles(files), 'tests came or went: npx vitest run test/trace.test.ts -u').toMatchFileSnapshot(
    'trace/titles.txt',
  )
})

const found = (what: string, has: (row: Row) => boolean): Row => {
  const row = rows.find(has)
  if (row === undefined) throw new RangeError(`expected ${what}, found none`)
  return row
}

/** The gaps that are there once a file is another. */
const gapsWith = (path: string, edit: (text: string) => string): string[] => {
  const text = files.get(path) ?? ''
  const other = edit(text)
  expect(other, `an edit of ${path}`).not.toBe(text)
  const edited: Project = new Map([...files, [path, other]])
  return traceOf(edited).gaps.filter((gap) => !gaps.includes(gap))
}

/** `text` without an id in one line. */
const without =
  (id: string, line: number) =>
  (text: string): string =>
    text
      .split('\n')
      .map((each, i) => (i === line - 1 ? each.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), 'that') : each))
      .join('\n')

const isShown = (id: string): boolean => files.get(SHOWN)?.includes(`"${id}"`) === true

/** Without what shown.json says. */
const ruled = new Set(
  traceOf(new Map([...files, [SHOWN, '[]']])).rows.flatMap(({ id, vectors }) => (vectors.length > 0 ? [id] : [])),
)

describe('what is taken away is missed:', () => {
  test('the title of a test', () => {
    const { id, tests } = found('a requirement with one test', (row) => row.tests.length === 1)
    for (const { path, line } of tests)
      expect(gapsWith(path, without(id, line))).toEqual([`${id} has no test, and no exception says why`])
  })

  test('a requirement', () => {
    const { id, chapter } = found('a requirement with all', ({ except }) => Object.keys(except).length === 0)
    const missed = gapsWith(chapter, (text) => text.replace(new RegExp(`^- \\*\\*${id}\\*\\* .*\\n`, 'm'), ''))
    expect(missed).toContain(`${id} is cited in code, and is no requirement`)
    expect(missed).toContain(`${id} is in the title of a test, and is no requirement`)
  })

  test('a citation', () => {
    const { id, code } = found('a requirement with one citation', (row) => row.code.length === 1)
    for (const { path, line } of code)
      expect(gapsWith(path, without(id, line))).toEqual([`${id} has no line of code, and no exception says why`])
  })

  test('the rule of a vector', () => {
    const { id, vectors } = found(
      'a requirement with vectors in one file alone',
      ({ id: each, vectors: all, cases }) => all.length === 1 && cases.length === 0 && !isShown(each),
    )
    for (const { path } of vectors)
      expect(gapsWith(path, (text) => text.replaceAll(`"${id}"`, '""'))).toEqual([
        `${id} has no vector or case, and no exception says why`,
      ])
  })

  test('what vectors show beside their rules', () => {
    const { id } = found(
      'a requirement that is shown by them alone',
      (row) => isShown(row.id) && row.cases.length === 0 && !ruled.has(row.id),
    )
    expect(gapsWith(SHOWN, (text) => text.replaceAll(`"${id}"`, '""'))).toContain(
      `${id} has no vector or case, and no exception says why`,
    )
    const gap = `${SHOWN} speaks of no vector: more.json accepted {}`
    const none = '[{ "file": "more.json", "list": "accepted", "shows": [] },'
    expect(gapsWith(SHOWN, (text) => text.replace('[', none))).toEqual([gap])
  })

  test('the rule of a case', () => {
    const { id, cases } = found(
      'a requirement with one case alone',
      (row) => row.cases.length === 1 && row.vectors.length === 0,
    )
    for (const { path, line } of cases)
      expect(gapsWith(path, without(id, line))).toEqual([`${id} has no vector or case, and no exception says why`])
  })

  test('an exception', () => {
    const [, id = ''] = /^\| ([A-Z]{2}-\d+) +\| /m.exec(files.get(EXCEPTIONS) ?? '') ?? []
    expect(gapsWith(EXCEPTIONS, (text) => text.replace(new RegExp(`^\\| ${id} +\\| .*\\n`, 'm'), ''))).toEqual([
      `${id} has no vector or case, and no exception says why`,
    ])
  })
})

describe('what is too much is told:', () => {
  const excepted = found('a requirement without bytes', ({ except }) => except.bytes !== undefined)

  test('an exception of what has a case by now', () => {
    expect(gapsWith('src/kit/misbehaviours/more.ts', () => `export const more = { rule: '${excepted.id}' }\n`)).toEqual(
      [`${excepted.id} has a vector or case: its exception is needless`],
    )
  })

  test('an exception of what is no requirement, or has one already', () => {
    const none = excepted.id.replace(/\d+/, '9999')
    const row = (id: string): string => `| ${id} | for no reason |\n`
    const heading = /^\| -+ \| -+ \|\n/m
    expect(gapsWith(EXCEPTIONS, (text) => text.replace(heading, (whole) => whole + row(none)))).toEqual([
      `${none} is an exception, and is no requirement`,
    ])
    expect(gapsWith(EXCEPTIONS, (text) => text.replace(heading, (whole) => whole + row(excepted.id)))).toEqual([
      `${excepted.id} is excepted twice`,
    ])
  })
})

describe('what counts', () => {
  const row = found('a requirement with all', ({ cases, vectors }) => cases.length > 0 && vectors.length > 0)

  test('a comment is a citation, a string is none, and what a case says holds nobody to anything', () => {
    const of = (path: string, text: string): number => {
      const { rows: more } = traceOf(new Map([...files, [path, text]]))
      return (more.find(({ id }) => id === row.id)?.code.length ?? 0) - row.code.length
    }
    expect(of('src/more.ts', `// ${row.id}\nexport const more = 1\n`)).toBe(1)
    expect(of('src/more.ts', `export const more = '${row.id}'\n`)).toBe(0)
    expect(of('src/kit/livemore.ts', `// ${row.id}\nexport const more = 1\n`)).toBe(0)
  })

  test('a range stands for all of it, and a list of rules for each', () => {
    const [prefix = '', number = ''] = row.id.split('-')
    const next = `${prefix}-${Number(number) + 1}`
    const { rows: ranged } = traceOf(new Map([...files, ['src/more.ts', `// ${row.id} to ${next}\n`]]))
    const cited = ranged.filter(({ code }) => code.some(({ path }) => path === 'src/more.ts')).map(({ id }) => id)
    expect(cited).toEqual(rows.map(({ id }) => id).filter((id) => id === row.id || id === next))
    const vectors = JSON.stringify({ accepted: [{ name: 'more', rules: [row.id] }, { deep: { rule: row.id } }] })
    const { rows: more } = traceOf(new Map([...files, ['test-vectors/more.json', vectors]]))
    const counted = more.find(({ id }) => id === row.id)
    expect(counted && vectorCount(counted)).toBe(vectorCount(row) + 2)
  })
})

test('the text and the JSON have every requirement', () => {
  const text = textOf({ rows, gaps })
  const json: unknown = JSON.parse(jsonOf({ rows, gaps }))
  expect([...text.matchAll(/^([A-Z]{2}-\d+) /gm)].map(([, id]) => id)).toEqual(rows.map(({ id }) => id))
  expect(json).toMatchObject({ coverage: { requirements: rows.length }, gaps })
  expect(json).toHaveProperty('requirements.length', rows.length)
})
