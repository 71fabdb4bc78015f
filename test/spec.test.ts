import { describe, expect, test } from 'vitest'
import { ERRORS } from '../src/errors.js'
import { REFRESHES } from '../src/session/refresh.js'
import { STATE_NAMES, STATES } from '../src/session/states.js'
import { codeOf, filesUnder, read, titlesOf } from './source.js'
import { EXAMPLES } from './spec/examples.js'
import { type Rows, TABLES } from './spec/tables.js'

const ID = /\b[A-Z]{2}-\d+\b/g
const KEYWORD = /\b(?:MUST|SHALL|SHOULD|REQUIRED|RECOMMENDED|MAY|OPTIONAL)\b(?: NOT\b)?/g

const chapters = filesUnder('spec', '.md').filter((path) => path !== 'spec/README.md' && path !== 'spec/exceptions.md')

/** The lines of a chapter, its fenced blocks left out. */
const prose = (path: string): string[] =>
  read(path)
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .split('\n')

const idsAt = (text: string): string[] => text.match(ID) ?? []

const requirements = chapters.flatMap((path) =>
  prose(path).flatMap((line) => {
    const [, id, text] = /^- \*\*([A-Z]{2}-\d+)\*\* (.*)$/.exec(line) ?? []
    return id === undefined || text === undefined ? [] : [{ path, id, text }]
  }),
)
const known = new Set(requirements.map(({ id }) => id))

const titled = new Set(
  filesUnder('test', '.ts')
    .flatMap((path) => titlesOf(read(path)))
    .flatMap(idsAt),
)

const exceptions = [...read('spec/exceptions.md').matchAll(/^- \*\*([A-Z]{2}-\d+)\*\* (.+)$/gm)].map(
  ([, id = '', reason = '']) => ({ id, reason }),
)

const cells = (row: string): string[] =>
  row
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())

const markdown = (rows: Rows): string =>
  rows
    .flatMap((row, i) => (i === 0 ? [row, row.map(() => '---')] : [row]))
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')

/** What stands below `<!-- kind: NAME -->` in the chapters, by name. */
const marked = (kind: 'table' | 'example'): Map<string, string> => {
  const block = kind === 'table' ? String.raw`((?:\|.*\n)+)` : '```\\w*\\n([\\s\\S]*?)^```$'
  const pattern = new RegExp(`^<!-- ${kind}: (\\S+) -->\\s*\\n${block}`, 'gm')
  const found = chapters.flatMap((path) => [...read(path).matchAll(pattern)])
  return new Map(found.map(([, name = '', text = '']) => [name, text]))
}

describe('requirements', () => {
  test('every line with a keyword is a requirement with an id', () => {
    const bare = chapters.flatMap((path) =>
      prose(path)
        .filter((line) => /\b(?:MUST|SHALL)\b/.test(line))
        .map((line) => ({ path, line })),
    )
    expect(bare.filter(({ line }) => !/^- \*\*[A-Z]{2}-\d+\*\* /.test(line))).toEqual([])
  })

  test('every requirement is one sentence with one keyword', () => {
    const wrong = requirements.filter(({ text }) => text.match(KEYWORD)?.length !== 1 || !text.endsWith('.'))
    expect(wrong).toEqual([])
  })

  test('every id stands once, and a chapter has one prefix of its own', () => {
    expect(requirements.map(({ id }) => id).filter((id, i, all) => all.indexOf(id) !== i)).toEqual([])
    const owners = new Set(requirements.map(({ path, id }) => `${id.slice(0, 2)} ${path}`))
    const prefixes = [...owners].map((owner) => owner.slice(0, 2))
    const paths = [...owners].map((owner) => owner.slice(3))
    expect(prefixes.filter((prefix, i) => prefixes.indexOf(prefix) !== i)).toEqual([])
    expect(paths.filter((path, i) => paths.indexOf(path) !== i)).toEqual([])
  })

  test('every id is in the title of a test or has its reason in exceptions.md', () => {
    const excepted = new Set(exceptions.map(({ id }) => id))
    expect([...known].filter((id) => !titled.has(id) && !excepted.has(id))).toEqual([])
  })

  test('every exception is of a requirement that no test names', () => {
    expect(exceptions.filter(({ id }) => !known.has(id) || titled.has(id))).toEqual([])
  })

  test('every id that code, tests and chapters cite exists', () => {
    const citing = ['src', 'test', 'spec'].flatMap((folder) => filesUnder(folder, folder === 'spec' ? '.md' : '.ts'))
    const cited = citing.flatMap((path) => idsAt(read(path)).map((id) => ({ path, id })))
    const unknown = cited.filter(({ id }) => !known.has(id)).map(({ path, id }) => `${id} in ${path}`)
    expect([...new Set(unknown)]).toEqual([])
  })

  test('src cites ids in comments alone', () => {
    expect(filesUnder('src', '.ts').filter((path) => idsAt(codeOf(read(path))).length > 0)).toEqual([])
  })
})

describe('tables and examples', () => {
  const tables = marked('table')
  const examples = marked('example')

  test('every quoted table and example is one the code makes, and the other way round', () => {
    expect([...tables.keys()].sort()).toEqual(Object.keys(TABLES).sort())
    expect([...examples.keys()].sort()).toEqual(Object.keys(EXAMPLES).sort())
  })

  // What stands in further columns explains.
  test.each(Object.entries(TABLES))('table %s is the code’s', (name, rows) => {
    const quoted = (tables.get(name) ?? '')
      .split('\n')
      .filter((row) => row !== '')
      .map(cells)
    const right = rows()
    const [head = [], , ...body] = quoted.map((row) => row.slice(0, right[0]?.length))
    expect([head, ...body], `the right table is:\n\n${markdown(right)}\n`).toEqual(right)
  })

  test.each(Object.entries(EXAMPLES))('example %s is the code’s', (name, make) => {
    const bare = (text: string): string => text.replaceAll(/\s/g, '')
    expect(bare(examples.get(name) ?? ''), `the right example is:\n\n${make()}\n`).toBe(bare(make()))
  })

  test('every error code in the chapters exists', () => {
    const layers = new Set(Object.keys(ERRORS).map((code) => code.split('/')[0] ?? ''))
    const named = chapters.flatMap((path) =>
      [...read(path).matchAll(/`([a-z]+)\/([a-z-]+)`/g)]
        .filter(([, layer = '']) => layers.has(layer))
        .map(([, layer, what]) => ({ path, code: `${layer}/${what}` })),
    )
    expect(named.filter(({ code }) => !Object.hasOwn(ERRORS, code))).toEqual([])
  })
})

describe('CDDL', () => {
  const blocks = chapters.flatMap((path) =>
    [...read(path).matchAll(/^```cddl\n([\s\S]*?)^```$/gm)].map(([, block = '']) => ({ path, block })),
  )

  test('wire.cddl is the blocks of the chapters, joined', async () => {
    const joined = blocks.map(({ path, block }) => `; ${path}\n\n${block}`).join('\n')
    await expect(joined).toMatchFileSnapshot('../spec/wire.cddl')
  })

  test('every rule is defined once', () => {
    const names = blocks.flatMap(({ block }) =>
      [...block.matchAll(/^([A-Za-z][\w.-]*)\s*\/{0,2}=/gm)].map(([, name]) => name),
    )
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  })
})

describe('chapters', () => {
  const parts = ['Purpose', 'Terms', 'Errors', 'Limits', 'Rationale']
  const protocol =
    'audit cbor channel contract conversations crypto identity messaging noise policy queues session topics'
  const headings = (chapter: string): string[] =>
    [...read(`spec/${chapter}.md`).matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading)

  test.each(protocol.split(' '))('%s has its parts in their order, the rationale behind all rules', (chapter) => {
    const found = headings(chapter)
    expect(found.filter((heading) => parts.includes(heading))).toEqual(parts)
    expect([...found.slice(0, 2), ...found.slice(-1)]).toEqual(['Purpose', 'Terms', 'Rationale'])
    expect(requirements.filter(({ path }) => path === `spec/${chapter}.md`).length).toBeGreaterThan(0)
    expect(/^- \*\*[A-Z]{2}-\d+/m.test(read(`spec/${chapter}.md`).split('\n## Rationale\n')[1] ?? '')).toBe(false)
  })

  test.each(['channel', 'conversations', 'messaging', 'queues', 'session', 'topics'])(
    '%s draws the automata that it has tables of',
    (chapter) => {
      const blocks = read(`spec/${chapter}.md`).split('```mermaid\nstateDiagram-v2\n').slice(1)
      expect(blocks.length).toBeGreaterThan(0)
    },
  )

  /** The edges of a table of states, as its diagram has them. */
  const drawn = (chapter: string): Set<string> =>
    new Set([...read(`spec/${chapter}.md`).matchAll(/^ +(\S+) --> ([^\s:]+)/gm)].map(([, from, to]) => `${from} ${to}`))

  test('the diagrams of sessions and refreshes have the edges of the tables, and no others', () => {
    const states = STATE_NAMES.flatMap((from) =>
      Object.values(STATES[from]).flatMap((to) => (to ?? []).map((each) => `${from} ${each}`)),
    )
    const session = drawn('session')
    const own = ['open ending', ...states]
    expect(own.filter((edge) => !session.has(edge) && !SELF.test(edge))).toEqual([])
    const known = new Set<string>(STATE_NAMES)
    const among = [...session].filter((edge) => edge.split(' ').every((state) => known.has(state)))
    expect(among.filter((edge) => !own.includes(edge))).toEqual([])
    const refreshes = Object.entries(REFRESHES).flatMap(([from, row]) =>
      Object.values(row).map((to) => `${from} ${to}`),
    )
    const channel = [...drawn('channel')].filter((edge) => /^[IR]\./.test(edge))
    expect(channel.sort()).toEqual(refreshes.sort())
  })
})

/** Of a state that stays as it is the table says enough. */
const SELF = /^(\S+) \1$/

test('the index of the specification lists every chapter', () => {
  const listed = [...read('spec/README.md').matchAll(/\]\((\w[\w/-]*\.(?:md|cddl))\)/g)].map(
    ([, name]) => `spec/${name}`,
  )
  expect(listed.sort()).toEqual([...chapters, 'spec/exceptions.md', ...filesUnder('spec', '.cddl')].sort())
})
