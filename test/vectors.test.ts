import { describe, expect, test } from 'vitest'
import { Finding, type Shim } from '../src/kit/case.js'
import { LEVELS } from '../src/kit/kitcontract.js'
import { vectorCases } from '../src/kit/kitvectors.js'
import { FILE_NAMES, schemaText, vectorsText } from '../test-vectors/generate.js'
import { FILES, LAYERS } from '../test-vectors/schema.js'
import { providers } from './crypto/providers.js'
import { declareFixedKeys } from './setup/nonces.js'
import { filesUnder, read } from './source.js'

declareFixedKeys('vectors fix every key, and are made more than once')

const stale = (path: string): string => `${path} is not what the code makes: run npm run vectors`

/** How many vectors there must be of each layer, or more. */
const LEAST = { accepted: 200, refused: 500 }

type Vector = Readonly<Record<string, unknown>>

/** The lists of a file, as its schema has them. */
const listsOf = (text: string): [string, Vector[]][] => {
  const file: Readonly<Record<string, unknown>> = JSON.parse(text)
  return Object.entries(file).flatMap(([list, value]) =>
    Array.isArray(value) ? [[list, value] as [string, Vector[]]] : [],
  )
}

/** Members that say what a vector is about. */
const TOLD: ReadonlySet<string> = new Set(['name', 'comment', 'rule'])

/** What has a code must be refused; a vector that asks whether something holds is neither. */
const countOf = (text: string): { readonly accepted: number; readonly refused: number } => {
  const vectors = listsOf(text).flatMap(([, list]) => list)
  const refused = vectors.filter(({ code }) => typeof code === 'string').length
  const judged = vectors.filter(({ valid }) => valid === false).length
  return { refused, accepted: vectors.length - refused - judged }
}

// `npm run vectors` runs this group alone, and lets it write.
describe('committed', () => {
  test.each(FILE_NAMES)('%s.json is what the code makes, on every provider', async (name) => {
    const [text = '', ...others] = providers.map((provider) => vectorsText(name, provider))
    for (const other of others) expect(other).toBe(text)
    await expect(text, stale(`${name}.json`)).toMatchFileSnapshot(`../test-vectors/${name}.json`)
  })

  test.each(FILE_NAMES)('%s.json has the schema the code has', async (name) => {
    await expect(schemaText(name), stale(`schema/${name}.json`)).toMatchFileSnapshot(
      `../test-vectors/schema/${name}.json`,
    )
  })
})

describe('the files', () => {
  const paths = filesUnder('test-vectors', '.json')

  test('are those the code makes', () => {
    const made = FILE_NAMES.flatMap((name) => [`test-vectors/${name}.json`, `test-vectors/schema/${name}.json`])
    expect(paths).toEqual(made.sort())
  })

  test.each(FILE_NAMES)('%s.json has the form its schema says', (name) => {
    expect(() => FILES[name].parse(JSON.parse(read(`test-vectors/${name}.json`)))).not.toThrow()
  })

  test('are small', () => {
    expect(paths.reduce((sum, path) => sum + read(path).length, 0)).toBeLessThan(9_000_000)
  })

  test.each([...new Set(Object.values(LAYERS))])('of the layer %s accept and refuse enough', (layer) => {
    const counts = FILE_NAMES.filter((name) => LAYERS[name] === layer).map((name) =>
      countOf(read(`test-vectors/${name}.json`)),
    )
    expect(counts.reduce((sum, { accepted }) => sum + accepted, 0)).toBeGreaterThanOrEqual(LEAST.accepted)
    expect(counts.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThanOrEqual(LEAST.refused)
  })

  test.each(FILE_NAMES)('%s.json has no vector twice', (name) => {
    for (const [list, vectors] of listsOf(read(`test-vectors/${name}.json`))) {
      const called = vectors.flatMap(({ as, cipher, name: text }) =>
        text === undefined ? [] : [String([as, cipher, text])],
      )
      // Of a vector alone: what stands inside it has names that mean something.
      const bare = vectors.map((vector) => JSON.stringify(Object.entries(vector).filter(([key]) => !TOLD.has(key))))
      for (const all of [called, bare])
        expect(
          all.filter((text, at) => all.indexOf(text) !== at),
          list,
        ).toEqual([])
    }
  })

  test('CF-11 let nobody pass who answers all with nothing, or all of one shape with a code', async () => {
    const files = FILE_NAMES.map((name) => ({
      name,
      vectors: JSON.parse(read(`test-vectors/${name}.json`)) as unknown,
      schema: JSON.parse(read(`test-vectors/schema/${name}.json`)) as unknown,
    }))
    const shapes = new Map<string, { accepted: number; refused: number }>()
    let shape = { accepted: 0, refused: 0 }
    const shim: Shim = {
      levels: LEVELS,
      suites: [],
      ask: (ask, vector) => {
        const key = JSON.stringify([ask, Object.keys(Object(vector)).sort(), Reflect.get(Object(vector), 'as')])
        shape = shapes.get(key) ?? { accepted: 0, refused: 0 }
        shapes.set(key, shape)
        return Promise.resolve({ answer: {} })
      },
      open: () => Promise.reject(new Finding('no session')),
    }
    for (const each of vectorCases(files)) {
      const found: unknown = await each.run(shim).catch((error: unknown) => error)
      expect(found, each.name).toBeInstanceOf(Finding)
      shape[found instanceof Finding && found.message.endsWith('got an answer') ? 'refused' : 'accepted']++
    }
    // Of a shape that a fault alone makes there is no twin: of what is left out, or not to be given.
    expect([...shapes].filter(([, { accepted, refused }]) => accepted === 0 && refused > 2)).toEqual([])
  })

  test('name requirements that exist', () => {
    const chapters = filesUnder('spec', '.md').map(read).join('\n')
    const known = new Set([...chapters.matchAll(/^- \*\*([A-Z]{2}-\d+)\*\* /gm)].map(([, id]) => id))
    const named = paths.flatMap((path) => [...read(path).matchAll(/"rule": ?"([A-Z]{2}-\d+)"/g)].map(([, id]) => id))
    expect(named.length).toBeGreaterThan(200)
    expect([...new Set(named)].filter((id) => !known.has(id))).toEqual([])
  })
})
