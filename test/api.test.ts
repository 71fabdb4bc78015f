import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { importsOf, read } from './source.js'

const ENTRIES = ['dist/index.d.ts', 'dist/node.d.ts', 'dist/noise.d.ts']

/** The declarations that `file` leads to and that are not in `found` yet, its own last. */
const reach = (file: string, found: Map<string, string>): void => {
  if (found.has(file)) return
  const text = read(file).replace(/^\/\/# sourceMappingURL=.*\n?/m, '')
  found.set(file, text)
  for (const name of importsOf(text)) {
    if (name.startsWith('.')) reach(posix.join(posix.dirname(file), name.replace(/\.js$/, '.d.ts')), found)
  }
}

// A change here is a change of the public face: read it, then `npm run api`, and say it in CHANGELOG.md.
test('the declarations of the entries are those of api.d.ts', async () => {
  const found = new Map<string, string>()
  for (const entry of ENTRIES) reach(entry, found)
  const files = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  const text = files.map(([file, declarations]) => `// ${file}\n\n${declarations.trim()}\n`).join('\n')
  await expect(text).toMatchFileSnapshot('../api.d.ts')
})
