import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Makes one file of a program of this folder, which a process of its own can run. */
export const buildProgram = async (name: string, outfile: string): Promise<void> => {
  await build({
    entryPoints: [at(name)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '#native': at('../../src/crypto/native.ts') },
  })
}
