import { filesIn, type Project } from './project.js'

/** A line of a chapter with an id. */
export interface Requirement {
  readonly id: string
  readonly chapter: string
  /** Markdown. */
  readonly text: string
}

export const INDEX = 'spec/README.md'
export const EXCEPTIONS = 'spec/exceptions.md'

/** `- **CB-1** A decoder MUST …` as its id and its text. */
export const REQUIREMENT = /^- \*\*([A-Z]{2}-\d+)\*\* (.*)$/

export const requirementsOf = (files: Project): Requirement[] =>
  chaptersOf(files).flatMap(({ path, text }) =>
    text
      .replaceAll(/^```[\s\S]*?^```$/gm, '')
      .split('\n')
      .flatMap((line) => {
        const [, id, sentence] = REQUIREMENT.exec(line) ?? []
        return id === undefined || sentence === undefined ? [] : [{ id, chapter: path, text: sentence }]
      }),
  )

/** The chapters in the order of the index, those that it does not list behind them. */
export const chaptersOf = (files: Project): { path: string; text: string }[] => {
  const listed = [...(files.get(INDEX) ?? '').matchAll(/\]\(([\w/-]+\.md)\)/g)].map(([, name]) => `spec/${name}`)
  const place = (path: string): number => (listed.includes(path) ? listed.indexOf(path) : listed.length)
  return filesIn(files, 'spec/', '.md')
    .filter(({ path }) => path !== INDEX && path !== EXCEPTIONS)
    .sort((a, b) => place(a.path) - place(b.path))
}

/** The ids in a text; `CB-1 to CB-3` stands for all three. */
export const idsIn = (text: string): string[] =>
  [...text.matchAll(/\b([A-Z]{2})-(\d+)(?: to \1-(\d+))?\b/g)].flatMap(([, prefix, first, last = first]) => {
    const [from, to] = [Number(first), Number(last)]
    return Array.from({ length: Math.max(1, to - from + 1) }, (_, i) => `${prefix}-${from + i}`)
  })
