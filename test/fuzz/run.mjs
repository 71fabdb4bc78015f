// `npm run fuzz -- [--executions N | --seconds N] [--target NAME] [--seed S] [--save]`: coverage-guided search of every door.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { createInstrumenter } from 'istanbul-lib-instrument'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))

/** Counters in every file of src, and in nothing else. */
const counting = {
  name: 'counting',
  setup: ({ onLoad }) => {
    const instrumenter = createInstrumenter({ esModules: true, compact: false, produceSourceMap: false })
    onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(join(root, 'src'))) return undefined
      const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'ts', target: 'es2022' })
      return { contents: instrumenter.instrumentSync(code, path), loader: 'js' }
    })
  },
}

const folder = mkdtempSync(join(tmpdir(), 'sotto-fuzz-'))
try {
  const outfile = join(folder, 'search.mjs')
  await build({
    entryPoints: [join(here, 'search.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: { '#native': join(root, 'src/crypto/native.ts') },
    plugins: [counting],
    tsconfigRaw: {},
    logLevel: 'warning',
  })
  const child = spawn(process.execPath, ['--expose-gc', outfile, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, SOTTO_CORPUS: join(here, 'corpus') },
  })
  process.exitCode = await new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
} finally {
  rmSync(folder, { recursive: true })
}
