import { filesUnder, read } from '../source.js'
import { SHOWN } from './shown.js'

/** The text of each file that a trace is made of, by its path below the repository's top folder. */
export type Project = ReadonlyMap<string, string>

/** The project as it is on the disk. */
export const project = (): Project => {
  const paths = [
    ...filesUnder('spec', '.md'),
    ...filesUnder('spec', '.cddl'),
    ...filesUnder('src', '.ts'),
    ...filesUnder('test', '.ts'),
    SHOWN,
    ...filesUnder('test-vectors', '.json').filter((path) => /^[^/]+\/[^/]+$/.test(path)),
  ]
  return new Map(paths.map((path) => [path, read(path)]))
}

/** The files in a folder, sorted by path. */
export const filesIn = (files: Project, folder: string, ending: string): { path: string; text: string }[] =>
  [...files]
    .filter(([path]) => path.startsWith(folder) && path.endsWith(ending))
    .map(([path, text]) => ({ path, text }))
