import type { Project } from './project.js'

/** What vectors show beside their own rule: those of a list of a file, or those of it whose members begin so. */
interface Shown {
  readonly file: string
  readonly list: string
  readonly where?: Readonly<Record<string, string>>
  /** Whoever does not obey these gives another answer than the vector. */
  readonly shows: readonly string[]
}

export const SHOWN = 'test/trace/shown.json'

/** The entries of shown.json, each with how many vectors it speaks of. */
export const shownIn = (files: Project): (Shown & { readonly count: number })[] => {
  const entries: readonly Shown[] = JSON.parse(files.get(SHOWN) ?? '[]')
  return entries.map((entry) => ({ ...entry, count: vectorsOf(files, entry).length }))
}

const vectorsOf = (files: Project, { file, list, where = {} }: Shown): readonly object[] => {
  const vectors: unknown = JSON.parse(files.get(`test-vectors/${file}`) ?? '{}')[list]
  if (!Array.isArray(vectors)) return []
  return vectors.filter((vector: object) =>
    Object.entries(where).every(([name, start]) => String(Reflect.get(vector, name)).startsWith(start)),
  )
}
