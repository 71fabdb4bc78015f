import { describe, expect, test } from 'vitest'
import { FILE_NAMES, schemaText, vectorsText } from '../test-vectors/generate.js'
import { FILES } from '../test-vectors/schema.js'
import { providers } from './crypto/providers.js'
import { declareFixedKeys } from './setup/nonces.js'
import { filesUnder, read } from './source.js'

declareFixedKeys('vectors fix every key, and are made more than once')

const stale = (path: string): string => `${path} is not what the code makes: run npm run vectors`

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
    expect(paths.reduce((sum, path) => sum + read(path).length, 0)).toBeLessThan(1_300_000)
  })

  test('name requirements that exist', () => {
    const chapters = filesUnder('spec', '.md').map(read).join('\n')
    const known = new Set([...chapters.matchAll(/^- \*\*([A-Z]{2}-\d+)\*\* /gm)].map(([, id]) => id))
    const named = paths.flatMap((path) => [...read(path).matchAll(/"rule": "([A-Z]{2}-\d+)"/g)].map(([, id]) => id))
    expect(named.length).toBeGreaterThan(200)
    expect([...new Set(named)].filter((id) => !known.has(id))).toEqual([])
  })
})
