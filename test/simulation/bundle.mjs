import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url))

/** As bundle.d.mts says. */
export const bundle = async (entry, outfile, edits = []) => {
  await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
    alias: { '#native': join(SOURCE, 'crypto/native.ts') },
    plugins: [opened(edits)],
  })
}

const opened = (edits) => ({
  name: 'opened',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(SOURCE)) return undefined
      const own = edits.filter(({ file }) => join(SOURCE, file) === path)
      return { contents: open(own.reduce(edited, await readFile(path, 'utf8'))), loader: 'ts' }
    })
  },
})

/** An edit that changes nothing shows nothing: its text must be there, once. */
const edited = (text, { file, from, to }) => {
  const found = text.split(from).length - 1
  if (found !== 1) throw new Error(`expected '${from}' once in src/${file}, found it ${found} times`)
  return text.replace(from, () => to)
}

/** `#name` becomes `$name`; a name in quotes, as of an import, is no private one. */
const open = (text) =>
  text.replace(/(?<![\w'"`/])#(\w+) in /g, "'$$$1' in ").replace(/(?<![\w'"`/])#([a-zA-Z]\w*)/g, '$$$1')
