import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's top folder, with a slash behind it. */
export const TOP = fileURLToPath(new URL('../', import.meta.url))

/** The paths, below the top folder, of the files under `folder` that end with `ending`; none where there is no folder. */
export const filesUnder = (folder: string, ending: string): string[] =>
  readdirSync(TOP, { recursive: false })
    .filter((name) => name === folder)
    .flatMap((name) => readdirSync(TOP + name, { recursive: true, encoding: 'utf8' }))
    .map((path) => `${folder}/${path}`)
    .filter((path) => path.endsWith(ending))
    .sort()

export const read = (path: string): string => readFileSync(TOP + path, 'utf8')

/** What is imported or exported from, statically or by `import()`. */
export const importsOf = (source: string): string[] =>
  [...withoutComments(source).matchAll(/\b(?:from|import|import\s*\()\s*(['"])([^'"\n]+)\1/g)].map(
    ([, , name = '']) => name,
  )

/** The titles of tests and groups of tests as written, and the rows of `each` that begin with a requirement's id. */
export const titlesOf = (source: string): string[] => titlesAt(source).map(({ text }) => text)

/** What stands in a file, and the line on which it begins, from 1. */
export interface Place {
  readonly line: number
  readonly text: string
}

export const titlesAt = (source: string): Place[] => {
  const at = lineOf(source)
  return [...withoutComments(source).matchAll(TITLES)].map(({ index, 2: text = '' }) => ({ line: at(index), text }))
}

/** The lines of the comments of `source`. */
export const commentsAt = (source: string): Place[] => {
  const at = lineOf(source)
  return [...source.matchAll(LITERALS)]
    .filter(([literal]) => isComment(literal))
    .flatMap(({ 0: comment, index }) => comment.split('\n').map((text, i) => ({ line: at(index) + i, text })))
}

/** The line of an offset; asked with rising offsets. */
const lineOf = (source: string): ((offset: number) => number) => {
  let line = 1
  let from = 0
  return (offset) => {
    for (; from < offset; from++) if (source[from] === '\n') line++
    return line
  }
}

const TITLES =
  /(?:(?:\b(?:test|it|describe)(?:\.\w+)*|\))\(\s*(?=['"`])|(?=['"`][A-Z]{2}-\d))(['"`])((?:\\.|(?!\1)[^\\])*)\1/g

/** `source` with comments, and what stands in strings, templates and regular expressions, made blank. Lines stay. */
export const codeOf = (source: string): string =>
  source.replace(
    LITERALS,
    (literal, before: string | undefined) => (before ?? '') + blank(literal.slice(before?.length)),
  )

const withoutComments = (source: string): string =>
  source.replace(LITERALS, (literal) => (isComment(literal) ? blank(literal) : literal))

const isComment = (literal: string): boolean => /^\/[/*]/.test(literal)

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/** A comment, a string, a template (its code included) or a regular expression, which follows no value. */
const LITERALS =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|([(,=:[!&|?{};>]\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/g
