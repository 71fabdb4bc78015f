import type { Project } from './project.js'
import { EXCEPTIONS, idsIn } from './requirements.js'

/** The reasons of spec/exceptions.md by id: why a requirement has no test, no line of code, or nothing that bytes show. */
export interface Exceptions {
  readonly tests: ReadonlyMap<string, string>
  readonly code: ReadonlyMap<string, string>
  readonly bytes: ReadonlyMap<string, string>
  /** Ids that are excepted twice from one thing. */
  readonly twice: readonly string[]
}

/** A range in a table stands for those ids of it that are `known`. */
export const exceptionsOf = (files: Project, known: ReadonlySet<string>): Exceptions => {
  const text = files.get(EXCEPTIONS) ?? ''
  const twice: string[] = []
  const mapOf = (entries: readonly Entry[]): Map<string, string> => {
    const reasons = new Map<string, string>()
    for (const { id, reason } of entries) {
      if (reasons.has(id)) twice.push(id)
      reasons.set(id, reason)
    }
    return reasons
  }
  return {
    tests: mapOf(
      [...text.matchAll(/^- \*\*([A-Z]{2}-\d+)\*\* (.+)$/gm)].map(([, id = '', reason = '']) => ({ id, reason })),
    ),
    code: mapOf(rowsOf(text, '## Requirements that no line of code holds', known)),
    bytes: mapOf([
      ...rowsOf(text, '## Requirements that show in no bytes', known),
      ...rowsOf(text, '## Requirements whose bytes tests alone show', known),
    ]),
    twice,
  }
}

interface Entry {
  readonly id: string
  readonly reason: string
}

/** `| CB-1 to CB-3, CB-7 | why |` for each id. */
const rowsOf = (text: string, heading: string, known: ReadonlySet<string>): Entry[] => {
  const from = text.indexOf(`${heading}\n`)
  if (from < 0) return []
  const [section = ''] = text.slice(from + heading.length).split(/^## /m)
  return [...section.matchAll(/^\| ([^|]*\b[A-Z]{2}-\d+[^|]*) \| (.*\S) *\|$/gm)].flatMap(([, ids = '', reason = '']) =>
    idsIn(ids)
      .filter((id) => known.has(id) || ids.split(/ to |, /).includes(id))
      .map((id) => ({ id, reason })),
  )
}
