import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { filesUnder, read, TOP } from './source.js'

const EXPORTS = {
  sotto: 'dist/index.js',
  'sotto/node': 'dist/node.js',
  'sotto/durable': 'dist/durable.js',
  'sotto/nats': 'dist/nats.js',
  'sotto/noise': 'dist/noise.js',
  'sotto/package.json': 'package.json',
}

/** As for a user of the package: by its `imports` and not by the paths of our tsconfig. */
const bundle = (entry: string) =>
  build({
    entryPoints: [TOP + entry],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    tsconfigRaw: {},
    write: false,
    metafile: true,
    logLevel: 'silent',
  })

describe('the portable entries', () => {
  test.each(['dist/index.js', 'dist/noise.js'])(
    '%s bundles for the browser without a module of Node',
    async (entry) => {
      const { metafile, outputFiles } = await bundle(entry)
      const imports = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
      expect(imports.filter(({ external, path }) => external || path.startsWith('node:'))).toEqual([])
      const code = outputFiles[0]?.text ?? ''
      expect(code).toMatch(/\bexport\s*\{/)
      expect(code).not.toMatch(/\bnode:|\brequire\(|\beval\(|new Function\b/)
    },
  )

  test('the test would see a module of Node: dist/node.js does not bundle', async () => {
    await expect(bundle('dist/node.js')).rejects.toThrow(/node:/)
  })
})

describe('the exports', () => {
  const require = createRequire(import.meta.url)

  test.each(Object.entries(EXPORTS))('%s is %s', (name, path) => {
    expect(require.resolve(name)).toBe(TOP + path)
  })

  test.each(['errors', 'dist/index.js', 'dist/crypto/native.js', 'src/index.ts', 'cli', 'kit', 'node.js', 'index'])(
    'sotto/%s is not exported',
    (path) => {
      expect(() => require.resolve(`sotto/${path}`)).toThrow(
        expect.objectContaining({ code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }),
      )
    },
  )

  test('nothing else is', () => {
    const { exports } = JSON.parse(read('package.json'))
    expect(Object.keys(exports)).toEqual(Object.keys(EXPORTS).map((name) => name.replace('sotto', '.')))
  })
})

describe('the tarball', () => {
  const list = (): string[] => {
    const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: TOP,
      encoding: 'utf8',
    })
    const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(printed)
    return files.map(({ path }) => path)
  }

  test('holds the sources, what they compile to, the specification, the vectors and the texts, and nothing else', () => {
    const texts = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']
    const sources = filesUnder('src', '.ts')
    const compiled = sources.flatMap((path) =>
      ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((ending) => path.replace(/^src/, 'dist').replace(/\.ts$/, ending)),
    )
    const specification = ['.md', '.cddl', '.json', '.pml'].flatMap((ending) => filesUnder('spec', ending))
    const vectors = ['test-vectors/README.md', ...filesUnder('test-vectors', '.json')]
    expect(list().sort()).toEqual([...texts, ...sources, ...compiled, ...specification, ...vectors].sort())
  })

  test('the lockfile and the settings of npm name no host', () => {
    expect(read('package-lock.json')).not.toMatch(/"resolved"/)
    expect(read('.npmrc')).not.toMatch(/registry=|\/\//)
  })

  test('the lockfile locks the optional packages of every platform, or npm ci refuses it', () => {
    const { packages }: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(
      read('package-lock.json'),
    )
    const optional = Object.values(packages).flatMap((row) => Object.keys(row.optionalDependencies ?? {}))
    expect(optional.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([])
  })

  test('the sources need no package but the dependencies, each in one exact version', () => {
    const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(read('package.json'))
    for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  })
})
