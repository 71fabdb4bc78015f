import { type Evidence, evidenceOf, type Spot, type Vectors } from './evidence.js'
import { type Exceptions, exceptionsOf } from './exceptions.js'
import type { Project } from './project.js'
import { type Requirement, requirementsOf } from './requirements.js'
import { SHOWN, shownIn } from './shown.js'

/** A requirement and what holds it. Where a list is empty, `except` says why. */
export interface Row extends Requirement {
  readonly code: readonly Spot[]
  readonly tests: readonly Spot[]
  readonly vectors: readonly Vectors[]
  readonly cases: readonly Spot[]
  readonly except: { readonly code?: string; readonly tests?: string; readonly bytes?: string }
}

export interface Trace {
  readonly rows: readonly Row[]
  /** What keeps the table from being whole, a line each. */
  readonly gaps: readonly string[]
}

export const traceOf = (files: Project): Trace => {
  const requirements = requirementsOf(files)
  const known = new Set(requirements.map(({ id }) => id))
  const evidence = evidenceOf(files)
  const exceptions = exceptionsOf(files, known)
  const rows = requirements.map((requirement) => rowOf(requirement, evidence, exceptions))
  return { rows, gaps: [...rows.flatMap(gapsOf), ...strangers(known, evidence, exceptions), ...idle(files)] }
}

/** The sum of the vectors of a row. */
export const vectorCount = ({ vectors }: Row): number => vectors.reduce((sum, { count }) => sum + count, 0)

const rowOf = (requirement: Requirement, evidence: Evidence, exceptions: Exceptions): Row => {
  const { id } = requirement
  const [code, tests, bytes] = [exceptions.code.get(id), exceptions.tests.get(id), exceptions.bytes.get(id)]
  return {
    ...requirement,
    code: evidence.code.get(id) ?? [],
    tests: evidence.tests.get(id) ?? [],
    vectors: evidence.vectors.get(id) ?? [],
    cases: evidence.cases.get(id) ?? [],
    except: {
      ...(code !== undefined && { code }),
      ...(tests !== undefined && { tests }),
      ...(bytes !== undefined && { bytes }),
    },
  }
}

const gapsOf = ({ id, code, tests, vectors, cases, except }: Row): string[] => [
  ...gapOf(id, 'line of code', code.length, except.code),
  ...gapOf(id, 'test', tests.length, except.tests),
  ...gapOf(id, 'vector or case', vectors.length + cases.length, except.bytes),
]

const gapOf = (id: string, what: string, found: number, reason: string | undefined): string[] => {
  if (found === 0) return reason === undefined ? [`${id} has no ${what}, and no exception says why`] : []
  return reason === undefined ? [] : [`${id} has a ${what}: its exception is needless`]
}

/** Ids that stand somewhere and are no requirement's. */
const strangers = (known: ReadonlySet<string>, evidence: Evidence, exceptions: Exceptions): string[] => {
  const places: readonly (readonly [string, Iterable<string>])[] = [
    ['cited in code', evidence.code.keys()],
    ['in the title of a test', evidence.tests.keys()],
    ['the rule of a vector', evidence.vectors.keys()],
    ['the rule of a case', evidence.cases.keys()],
    ['an exception', [...exceptions.code.keys(), ...exceptions.tests.keys(), ...exceptions.bytes.keys()]],
  ]
  return [
    ...places.flatMap(([where, ids]) =>
      [...ids].filter((id) => !known.has(id)).map((id) => `${id} is ${where}, and is no requirement`),
    ),
    ...exceptions.twice.map((id) => `${id} is excepted twice`),
  ]
}

/** What shown.json says of no vector. */
const idle = (files: Project): string[] =>
  shownIn(files)
    .filter(({ count }) => count === 0)
    .map(({ file, list, where }) => `${SHOWN} speaks of no vector: ${file} ${list} ${JSON.stringify(where ?? {})}`)
