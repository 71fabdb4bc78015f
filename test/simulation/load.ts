import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle, type Edit } from './bundle.mjs'

type Simulation = typeof import('./simulation.js')

/** The simulation with the engine that it runs, changed by `edits`. */
export const load = async (edits: readonly Edit[] = []): Promise<Simulation> => {
  const directory = await mkdtemp(join(tmpdir(), 'sotto-simulation-'))
  try {
    const outfile = join(directory, 'simulation.mjs')
    await bundle('simulation.ts', outfile, edits)
    return await import(/* @vite-ignore */ pathToFileURL(outfile).href)
  } finally {
    await rm(directory, { recursive: true })
  }
}
