import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { build as bundle } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HERE = join(ROOT, 'test/mutation')
/** Words for people are not what tests hold code to: a text with a space in it is none of a protocol. */
const WORDS = {
  shouldIgnore: ({ node }) => {
    const text =
      node.type === 'StringLiteral'
        ? node.value
        : node.type === 'TemplateLiteral'
          ? node.quasis.map(({ value }) => value.raw).join('_')
          : ''
    return text.includes(' ') ? 'words for people' : undefined
  },
}

const silent = () => undefined
const logger = {
  isDebugEnabled: () => false,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  trace: silent,
  fatal: silent,
}

/** A name for all that the result of a run depends on: what was covered once need not be again. */
export const stateOf = async (tests) => {
  const hash = createHash('sha256')
  const names = ['src', 'test', 'test-vectors'].flatMap((directory) =>
    readdirSync(join(ROOT, directory), { recursive: true })
      .filter((name) => /\.(?:ts|mjs|json)$/.test(name) && !name.endsWith('survivors.json'))
      .map((name) => join(directory, name)),
  )
  for (const name of names.toSorted((a, b) => (a < b ? -1 : 1)))
    hash.update(name).update(await readFile(join(ROOT, name)))
  return hash.update(`${process.version} ${tests}`).digest('hex').slice(0, 16)
}

/** All mutants of `rooms`, and in `directory` the module that loads the tests of `tests` with them, stdin.mjs. */
export const build = async (rooms, tests, directory) => {
  await mkdir(directory, { recursive: true })
  const names = rooms.flatMap((room) => tsIn(`src/${room}`))
  const files = await Promise.all(
    names.map(async (name) => ({ name, mutate: true, content: await readFile(join(ROOT, name), 'utf8') })),
  )
  const options = { plugins: null, ignorers: [WORDS], excludedMutations: [] }
  const instrumented = await new Instrumenter(logger).instrument(files, options)
  const contents = new Map(instrumented.files.map(({ name, content }) => [join(ROOT, name), content]))
  const sources = new Map(files.map(({ name, content }) => [name, content.split('\n')]))
  const mutants = instrumented.mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(({ id, fileName, replacement, location, mutatorName }) => ({
      id,
      fileName,
      line: location.start.line + 1,
      source: textAt(sources.get(fileName), location),
      replacement: short(replacement),
      mutator: mutatorName,
    }))
  await bundle({
    stdin: { contents: entryOf(names, tests.flatMap(filesOf)), resolveDir: ROOT },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
    ignoreAnnotations: true,
    alias: {
      vitest: join(HERE, 'vitest.mjs'),
      '#native': join(ROOT, 'src/crypto/native.ts'),
      sotto: join(ROOT, 'src/index.ts'),
      'sotto/noise': join(ROOT, 'src/noise.ts'),
    },
    plugins: [placed(contents)],
  })
  return mutants
}

/** A file finds what lies beside it from where it was written, and is the instrumented one if there is one. */
const placed = (contents) => ({
  name: 'placed',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/](?:src|test|test-vectors)[\\/].*\.ts$/ }, async ({ path }) => {
      const text = contents.get(path) ?? (await readFile(path, 'utf8'))
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' }
    })
  },
})

/** The tests of a folder, or of a file of one; of `kit` its cases, which are one test each where it is about them. */
const filesOf = (name) => {
  if (name === 'kit') return ['test/mutation/cases.ts']
  return name.includes('/') ? [`test/${name}.test.ts`] : tsIn(`test/${name}`, '.test.ts')
}

/** Loads the sources by themselves first: what they do then is told apart from what files of tests do as they load. */
const entryOf = (sources, files) =>
  `export { call, collected } from 'vitest'
import { within } from 'vitest'
${sources.map((name) => `import './${name}'`).join('\n')}
export const load = async () => {
${files.map((file) => `  await within(${JSON.stringify(file)}, () => import('./${file}'))`).join('\n')}
}`

const tsIn = (directory, suffix = '.ts') =>
  readdirSync(join(ROOT, directory))
    .filter((name) => name.endsWith(suffix))
    .map((name) => `${directory}/${name}`)

const textAt = (lines, { start, end }) => {
  const part = lines.slice(start.line, end.line + 1)
  const last = part.length - 1
  part[last] = part[last].slice(0, end.column)
  part[0] = part[0].slice(start.column)
  return short(part.join('\n'))
}

const short = (text) => {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}
