import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOf, filesUnder, importsOf, read } from './source.js'

/**
 * The rooms under `src/`, lowest first: what each may import besides itself, `bytes` and `errors`. An arrow goes to a
 * strictly lower rank.
 */
const ROOMS: Readonly<Record<string, { readonly rank: number; readonly may?: readonly string[] }>> = {
  errors: { rank: 0, may: [] },
  bytes: { rank: 1, may: [] },
  cbor: { rank: 2, may: [] },
  crypto: { rank: 2, may: [] },
  noise: { rank: 3, may: ['crypto'] },
  contract: { rank: 3, may: ['cbor', 'crypto'] },
  identity: { rank: 3, may: ['cbor', 'crypto'] },
  channel: { rank: 4, may: ['noise', 'crypto'] },
  policy: { rank: 4, may: ['contract', 'identity', 'cbor', 'crypto'] },
  session: { rank: 5, may: ['channel', 'policy', 'contract', 'identity', 'noise', 'cbor', 'crypto'] },
  transport: { rank: 6, may: [] },
  // Beyond the design's row: how a queue treats its messages is said in its contract; what other machines keep is sealed.
  broker: { rank: 6, may: ['contract', 'cbor', 'crypto'] },
  // Beyond the design's row: the type of a context is CBOR's, and a provider is chosen somewhere above the line.
  link: { rank: 7, may: ['session', 'transport', 'identity', 'policy', 'contract', 'cbor', 'crypto'] },
  // Beyond the design's row: stored messages are put together of encoded pieces, and say who sent them.
  messaging: { rank: 8, may: ['link', 'broker', 'contract', 'policy', 'identity', 'cbor'] },
  entries: { rank: 9 },
  kit: { rank: 10 },
  cli: { rank: 11, may: ['entries', 'kit'] },
}

/** Up to this rank all is synchronous and deterministic: clock and randomness come in as arguments. */
const LINE = 5

/** The files at the top of `src/`, by room. */
const TOP_FILES: readonly (readonly [name: RegExp, room: string])[] = [
  [/^errors\.ts$/, 'errors'],
  [/^bytes\.ts$/, 'bytes'],
  [/^cbor\w*\.ts$/, 'cbor'],
  [/^(?:index|node|noise|durable|nats)\.ts$/, 'entries'],
]

/** The packages, and who may import them. */
const PACKAGES: readonly (readonly [package_: RegExp, by: RegExp])[] = [
  [/^node:/, /\.node\.ts$|^src\/cli\/|^src\/crypto\/native\.ts$/],
  [/^#native$/, /^src\/crypto\//],
  [/^@noble\//, /^src\/crypto\//],
  [/^@scure\/base$/, /^src\/identity\//],
  [/^cbor-x/, /^src\/cbor\.ts$/],
  [/^@standard-schema\/spec$/, /^src\/contract\//],
  [/^(?:lmdb|classic-level)$/, /^src\/broker\/durable/],
  [/^@nats-io\//, /^src\/broker\/nats/],
]

const FORBIDDEN_BELOW_THE_LINE =
  /\b(?:async|await|Promise|setTimeout|setInterval|setImmediate|queueMicrotask|Date|performance)\b|(?<![.#])\b(?:process\.|Math\.random\b)/
const FORBIDDEN_NAMES = /^(?:utils?|helpers?|common|shared|misc|types|constants|interfaces)(?:\.|$)/
const FORBIDDEN_CODE: readonly (readonly [what: string, code: RegExp])[] = [
  ['any', /(?::|\bas|<|\||&)\s*any\b|\bany\[\]/],
  ['a bare Error', /\bthrow new Error\(/],
  ['a binding of the module that changes', /^(?:export )?(?:let|var)\b/],
  ['an enum', /\benum\s+\w+\s*\{/],
  ['a decorator', /^\s*@\w+/],
  ['a Proxy', /\bnew Proxy\b/],
]
const MAX_LINES = 350

const files = filesUnder('src', '.ts')

const roomOf = (file: string): string => {
  const [, first = '', second] = file.split('/')
  return second === undefined ? (TOP_FILES.find(([name]) => name.test(first))?.[1] ?? first) : first
}

/** The file that a relative import names. */
const target = (file: string, name: string): string =>
  posix.join(posix.dirname(file), name.endsWith('.js') ? `${name.slice(0, -3)}.ts` : name)

const arrows = files.flatMap((file) =>
  importsOf(read(file))
    .filter((name) => name.startsWith('.'))
    .map((name) => ({ from: file, to: target(file, name) })),
)

const allowed = (from: string, to: string): boolean => {
  const source = ROOMS[from]
  const sink = ROOMS[to]
  if (source === undefined || sink === undefined) return false
  if (from === to) return true
  if (sink.rank >= source.rank) return false
  return to === 'errors' || to === 'bytes' || source.may === undefined || source.may.includes(to)
}

/** The lines of `file` whose code matches. */
const hits = (file: string, pattern: RegExp): string[] =>
  codeOf(read(file))
    .split('\n')
    .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []))

/** The first circle of imports that starts at `file`, or none. */
const circleFrom = (file: string, path: readonly string[], done: Set<string>): readonly string[] => {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
  if (done.has(file)) return []
  for (const { to } of arrows.filter(({ from }) => from === file)) {
    const circle = circleFrom(to, [...path, file], done)
    if (circle.length > 0) return circle
  }
  done.add(file)
  return []
}

describe('the house', () => {
  test('every file is in a room', () => {
    expect(files.filter((file) => ROOMS[roomOf(file)] === undefined)).toEqual([])
  })

  test('imports go down, to the rooms a room may use', () => {
    const wrong = arrows.filter(({ from, to }) => !allowed(roomOf(from), roomOf(to)))
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })

  test('imports name files that exist', () => {
    expect(arrows.filter(({ to }) => !files.includes(to)).map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
  })

  test('imports make no circle', () => {
    const done = new Set<string>()
    expect(files.map((file) => circleFrom(file, [], done)).filter((circle) => circle.length > 0)).toEqual([])
  })

  test('each package is imported by those it is for alone', () => {
    const wrong = files.flatMap((file) =>
      importsOf(read(file))
        .filter((name) => !name.startsWith('.'))
        .filter((name) => !PACKAGES.some(([package_, by]) => package_.test(name) && by.test(file)))
        .map((name) => `${file} imports ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('nothing below the line waits, tells the time or throws dice', () => {
    const below = files.filter((file) => (ROOMS[roomOf(file)]?.rank ?? 0) <= LINE)
    expect(below.flatMap((file) => hits(file, FORBIDDEN_BELOW_THE_LINE))).toEqual([])
  })

  test('no file or folder is named for having no name', () => {
    const named = (file: string): boolean => file.split('/').some((part) => FORBIDDEN_NAMES.test(part))
    expect(files.filter(named)).toEqual([])
  })

  test(`no file has more than ${MAX_LINES} lines`, () => {
    const long = files.map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
    expect(long.filter(({ lines }) => lines > MAX_LINES)).toEqual([])
  })

  test.each(FORBIDDEN_CODE)('no code has %s', (_, pattern) => {
    expect(files.flatMap((file) => hits(file, pattern))).toEqual([])
  })

  test('nothing is left for later', () => {
    const later = /\b(?:TODO|FIXME|XXX|HACK)\b/
    expect(files.filter((file) => later.test(read(file)))).toEqual([])
  })
})

describe('the reading of source', () => {
  const source = [
    "import { a } from './a.js' // from './comment.js'",
    "export type { B } from '../b.js'",
    "const c = await import('./c.js')",
    "import './d.js'",
    "const text = `from './template.js' async`",
    'const slash = a / 2; const quote = /["\'/]\\/async/; /* async */ const last = "async"',
  ].join('\n')

  test('finds imports and exports, and none in comments', () => {
    expect(importsOf(source).filter((name) => name !== './template.js')).toEqual([
      './a.js',
      '../b.js',
      './c.js',
      './d.js',
    ])
  })

  test('blanks literals and comments, and keeps the code between them', () => {
    const code = codeOf(source)
    expect(code).not.toMatch(/async|template|comment/)
    expect(code).toMatch(/const slash = a \/ 2; const quote =\s+; +const last =/)
    expect(code.split('\n')).toHaveLength(source.split('\n').length)
  })
})
